import { z } from 'zod';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { mirrorInput } from '../../server/admin/mirror-input.ts';
import { newMirrorSchema } from '../../server/admin/schemas/mirror.ts';
import type { ImportedMirror } from '../../mirrors/plan-import.ts';
import { parseSettings } from '../config/parse-settings.ts';

/** In bytes; a thousand mirrors take less than one of these. */
const fileLimit = 16 * 1024 * 1024;
const mirrorsLimit = 10_000;

/** A mirror as the API takes it, and as it and `mirror list --json` show it: with a number and a state, or around it. */
const fileSchema = z.strictObject({
  mirrors: z.array(z.preprocess(descriptionOf, newMirrorSchema)).max(mirrorsLimit),
  version: z.number().exactOptional(),
  newest: z.number().exactOptional(),
});

/**
 * The mirrors of a YAML or JSON file; their values are still to be judged.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export async function readMirrorFile(file: string): Promise<readonly ImportedMirror[]> {
  const text = Buffer.from(await readSmallFile(file, fileLimit)).toString('utf8');
  const { mirrors } = parseSettings(fileSchema, text, file, 'list of mirrors');
  return mirrors.map((mirror) => {
    const { name, urls, country, enabled, approved } = mirror;
    return { ...mirrorInput(mirror), name, urls, country, enabled, approved };
  });
}

function descriptionOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('mirror' in value) return descriptionOf(value.mirror);
  const { id: _, state: __, ...description } = value as Record<string, unknown>;
  return description;
}
