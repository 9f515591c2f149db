import { z } from 'zod';
import { isSignpostError, SignpostError } from '../oci/errors.ts';
import type { SeenTags } from '../ports/seen-tags.ts';
import type { SeenTag } from '../trust/verify/requirement.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { readSmallFile } from './small-file.ts';

const fileLimit = 16 * 1024 * 1024;

const schema = z.strictObject({
  format: z.literal('signpost-seen-tags-1'),
  tags: z.record(
    z.string().max(1024),
    z.strictObject({ serial: z.int().min(0), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
  ),
});

/**
 * What was verified before, in a JSON file. A file that is not there is an empty one; one that cannot be read is never
 * taken for that, since forgetting is what somebody who serves old images would want.
 */
export function createFileSeenTags(path: string): SeenTags {
  return {
    find: async (name) => (await load(path)).get(name),
    remember: async (name, seen) => {
      const tags = await load(path);
      tags.set(name, seen);
      const sorted = [...tags].sort(([a], [b]) => (a < b ? -1 : 1));
      const json = { format: 'signpost-seen-tags-1', tags: Object.fromEntries(sorted) };
      await writeFileAtomic(path, Buffer.from(`${JSON.stringify(json, null, 2)}\n`));
    },
  };
}

async function load(path: string): Promise<Map<string, SeenTag>> {
  let bytes: Uint8Array;
  try {
    bytes = await readSmallFile(path, fileLimit);
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return new Map();
    throw error;
  }
  try {
    return new Map(Object.entries(schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))).tags));
  } catch (cause) {
    throw new SignpostError(
      'STORAGE',
      `${path} does not hold what was verified before: put a good copy back, or remove it to start anew`,
      { cause },
    );
  }
}
