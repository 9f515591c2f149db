import { Readable } from 'node:stream';
import { type Digest, digestMatches } from '../../src/oci/digest.ts';
import { SignpostError } from '../../src/oci/errors.ts';
import type { SnapshotOffer } from '../../src/ports/snapshot-offer.ts';
import { partLimit, type SnapshotStore } from '../../src/ports/snapshot-store.ts';

/** A snapshot store in memory, which may be looked into and damaged, and is handed out as it is. */
export interface MemorySnapshotStore extends SnapshotStore, SnapshotOffer {
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
    findPart: async (digest) => {
      const bytes = parts.get(digest);
      if (bytes === undefined) return undefined;
      if (bytes.length > partLimit) {
        throw new SignpostError('LIMIT_EXCEEDED', `a piece has more than ${partLimit} bytes`);
      }
      return { size: bytes.length, content: Readable.from([bytes]) };
    },
    // Everything is as old as anybody wants it to be.
    tidy: async (keep) => {
      for (const digest of parts.keys()) if (!keep.has(digest)) parts.delete(digest);
    },
  };
  return store;
}
