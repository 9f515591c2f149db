import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { SignpostError, isSignpostError } from '../oci/errors.ts';
import type { SeenMetadata } from '../ports/seen-metadata.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { readSmallFile } from './small-file.ts';

/** Five files of the largest that clients read, in base64. */
const fileLimit = 40 * 1024 * 1024;

const schema = z.strictObject({
  format: z.literal('signpost-seen-metadata-1'),
  name: z.string(),
  files: z.record(z.string().max(256), z.string()),
});

/**
 * The newest metadata that was verified, in a JSON file for each name in `folder`. As with tags, a file that is not there
 * is an empty one, and one that cannot be read is never taken for that.
 */
export function createFileSeenMetadata(folder: string): SeenMetadata {
  const pathOf = (name: string) =>
    join(folder, `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.json`);
  return {
    find: (name) => load(pathOf(name), name),
    async remember(name, files) {
      const encoded = [...files].map(([file, bytes]) => [file, Buffer.from(bytes).toString('base64')]);
      const json = { format: 'signpost-seen-metadata-1', name, files: Object.fromEntries(encoded) as object };
      await writeFileAtomic(pathOf(name), Buffer.from(`${JSON.stringify(json, null, 2)}\n`));
    },
  };
}

async function load(path: string, name: string): Promise<ReadonlyMap<string, Uint8Array>> {
  let bytes: Uint8Array;
  try {
    bytes = await readSmallFile(path, fileLimit);
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return new Map();
    throw error;
  }
  try {
    const seen = schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    if (seen.name !== name) throw new SignpostError('STORAGE', `it is of ${seen.name}`);
    return new Map(
      Object.entries(seen.files).map(([file, encoded]) => [file, Buffer.from(encoded, 'base64')]),
    );
  } catch (cause) {
    throw new SignpostError(
      'STORAGE',
      `${path} does not hold the metadata that was verified before: put a good copy back, or remove it to start anew`,
      { cause },
    );
  }
}
