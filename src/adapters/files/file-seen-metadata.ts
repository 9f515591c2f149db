import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { SeenMetadata } from '../../ports/seen-metadata.ts';
import { readStateFile, writeStateFile } from './state-file.ts';

const format = 'signpost-seen-metadata-1';
const fileOf = (name: string) => ({
  // 24 MiB, in base64.
  limit: 40 * 1024 * 1024,
  holds: `the metadata of ${name} that was verified before`,
  schema: z.strictObject({
    format: z.literal(format),
    name: z.literal(name),
    // Names of roles are encoded.
    files: z.record(z.string().max(2048), z.string()),
  }),
});

/** The newest metadata that was verified, in a JSON file for each name in `folder`. A file that is not there is an empty one. */
export function createFileSeenMetadata(folder: string): SeenMetadata {
  const pathOf = (name: string) =>
    join(folder, `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.json`);
  return {
    async find(name) {
      const { files = {} } = (await readStateFile(pathOf(name), fileOf(name))) ?? {};
      return new Map(Object.entries(files).map(([file, encoded]) => [file, Buffer.from(encoded, 'base64')]));
    },
    async remember(name, files) {
      const encoded = [...files].map(
        ([file, bytes]) => [file, Buffer.from(bytes).toString('base64')] as const,
      );
      await writeStateFile(pathOf(name), { format, name, files: Object.fromEntries(encoded) });
    },
  };
}
