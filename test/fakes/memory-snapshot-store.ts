import { type Digest, digestMatches } from '../../src/oci/digest.ts';
import type { SnapshotStore } from '../../src/ports/snapshot-store.ts';

/** A snapshot store in memory, which may be looked into and damaged. */
export interface MemorySnapshotStore extends SnapshotStore {
  snapshot: Uint8Array | undefined;
  readonly parts: Map<Digest, Uint8Array>;
}

export function createMemorySnapshotStore(): MemorySnapshotStore {
  const parts = new Map<Digest, Uint8Array>();
  const store: MemorySnapshotStore = {
    snapshot: undefined,
    parts,
    readSnapshot: () => Promise.resolve(store.snapshot),
    writeSnapshot: async (file) => {
      store.snapshot = file;
    },
    readPart: async ({ digest }) => {
      const bytes = parts.get(digest);
      return bytes !== undefined && digestMatches(digest, bytes) ? bytes : undefined;
    },
    writePart: async ({ digest }, bytes) => {
      parts.set(digest, Uint8Array.from(bytes));
    },
    // Everything is as old as anybody wants it to be.
    tidy: async (keep) => {
      for (const digest of parts.keys()) if (!keep.has(digest)) parts.delete(digest);
    },
  };
  return store;
}
