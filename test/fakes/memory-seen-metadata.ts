import type { SeenMetadata } from '../../src/ports/seen-metadata.ts';

export function createMemorySeenMetadata(): SeenMetadata {
  const all = new Map<string, ReadonlyMap<string, Uint8Array>>();
  return {
    find: (name) => Promise.resolve(all.get(name) ?? new Map()),
    remember: (name, files) => {
      all.set(name, new Map(files));
      return Promise.resolve();
    },
  };
}
