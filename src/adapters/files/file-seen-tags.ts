import { z } from 'zod';
import type { SeenTags } from '../../ports/seen-tags.ts';
import type { SeenTag } from '../../trust/judge-signature.ts';
import { readStateFile, writeStateFile } from './state-file.ts';

const format = 'signpost-seen-tags-1';
const file = {
  limit: 16 * 1024 * 1024,
  holds: 'what was verified before',
  schema: z.strictObject({
    format: z.literal(format),
    tags: z.record(
      z.string().max(1024),
      z.strictObject({ serial: z.int().min(0), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
    ),
  }),
};

/** What was verified before, in a JSON file. A file that is not there is an empty one. */
export function createFileSeenTags(path: string): SeenTags {
  const load = async () =>
    new Map<string, SeenTag>(Object.entries((await readStateFile(path, file))?.tags ?? {}));
  return {
    find: async (name) => (await load()).get(name),
    remember: async (name, seen) => {
      const tags = (await load()).set(name, seen);
      const sorted = [...tags].sort(([a], [b]) => (a < b ? -1 : 1));
      await writeStateFile(path, { format, tags: Object.fromEntries(sorted) });
    },
  };
}
