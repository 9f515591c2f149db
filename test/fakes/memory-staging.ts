import { collectReachable } from '../../src/adapters/tree/reachable-content.ts';
import { type Digest, digestMatches, digestOf } from '../../src/oci/digest.ts';
import { isSignpostError, SignpostError } from '../../src/oci/errors.ts';
import type { StagedBlobCheck, Staging, StagingRoom } from '../../src/ports/staging.ts';

/** A staging area in memory; its maps may be looked into and damaged. */
export interface MemoryStaging extends Staging, StagedBlobCheck, StagingRoom {
  /** What {@link StagingRoom.free} says. */
  readonly room: { bytes: number | undefined };
  readonly blobs: Map<Digest, Buffer>;
  readonly partials: Map<Digest, Buffer>;
  readonly manifests: Map<Digest, Buffer>;
}

export function createMemoryStaging(): MemoryStaging {
  const room: MemoryStaging['room'] = { bytes: undefined };
  const blobs = new Map<Digest, Buffer>();
  const partials = new Map<Digest, Buffer>();
  const manifests = new Map<Digest, Buffer>();

  const readManifest = async (digest: Digest): Promise<Uint8Array> => {
    const bytes = manifests.get(digest);
    if (bytes === undefined) throw new SignpostError('NOT_FOUND', `manifest ${digest} is not staged`);
    if (digestMatches(digest, bytes)) return bytes;
    throw new SignpostError('DIGEST_MISMATCH', `manifest ${digest}: got ${digestOf(bytes)}`);
  };

  return {
    room,
    blobs,
    partials,
    manifests,
    hasBlob: (digest) => Promise.resolve(blobs.has(digest)),
    neededFor: ({ digest, size }) =>
      Promise.resolve(blobs.has(digest) ? 0 : size - (partials.get(digest)?.length ?? 0)),
    free: () => Promise.resolve(room.bytes),
    async writeBlob({ digest, size }, open, advance) {
      if (blobs.get(digest)?.length === size) return 'present';
      const before = partials.get(digest) ?? Buffer.alloc(0);
      const first = await fill(before);
      const again = first !== undefined && before.length > 0;
      if (again) advance(-Math.min(size, partials.get(digest)?.length ?? 0));
      const problem = again ? await fill(Buffer.alloc(0)) : first;
      const bytes = partials.get(digest) ?? Buffer.alloc(0);
      partials.delete(digest);
      if (problem !== undefined) throw new SignpostError('DIGEST_MISMATCH', problem);
      blobs.set(digest, bytes);
      return before.length > 0 ? 'resumed' : 'copied';

      async function fill(start: Buffer): Promise<string | undefined> {
        let bytes = start;
        let pieces: AsyncIterable<Uint8Array>;
        try {
          pieces = await open(bytes.length);
        } catch (error) {
          if (bytes.length === 0 || !isSignpostError(error, 'SOURCE_INVALID')) throw error;
          bytes = Buffer.alloc(0);
          pieces = await open(0);
        }
        advance(bytes.length);
        for await (const piece of pieces) {
          bytes = Buffer.concat([bytes, piece]);
          partials.set(digest, bytes);
          if (bytes.length > size) break;
          advance(piece.length);
        }
        if (bytes.length !== size) return `blob ${digest}: expected ${size} bytes, got ${bytes.length}`;
        return digestMatches(digest, bytes)
          ? undefined
          : `blob ${digest}: expected ${digest}, got ${digestOf(bytes)}`;
      }
    },
    async checkBlob({ digest, size }, { advance }) {
      const bytes = blobs.get(digest);
      if (bytes === undefined) return 'absent';
      advance(bytes.length);
      if (bytes.length === size && digestMatches(digest, bytes)) return 'whole';
      blobs.delete(digest);
      return 'damaged';
    },
    async writeManifest(digest, bytes) {
      if (!digestMatches(digest, bytes)) {
        throw new SignpostError('DIGEST_MISMATCH', `manifest ${digest}: got ${digestOf(bytes)}`);
      }
      manifests.set(digest, Buffer.from(bytes));
    },
    readManifest,
    async discard(lists, keep) {
      const kept = await collectReachable(keep, readManifest);
      const gone = await collectReachable(lists, (digest) =>
        manifests.has(digest) ? readManifest(digest) : Promise.resolve(undefined),
      );
      for (const digest of gone.blobs.difference(kept.blobs)) blobs.delete(digest);
      for (const digest of gone.manifests.difference(kept.manifests)) manifests.delete(digest);
    },
  };
}
