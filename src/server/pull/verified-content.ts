import { type Digest, digestMatches } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { ByteCache } from './byte-cache.ts';

/** Small content in memory, hashed once when it is read: what is damaged on the disk is never served. */
export interface VerifiedContent {
  /** The bytes, when they are in memory. */
  get(digest: Digest): Uint8Array | undefined;
  /**
   * The bytes, read by `read` when need be. Those who want the same wait for one reading.
   * @throws SignpostError DIGEST_MISMATCH, UNAVAILABLE (too many readings at once) and what `read` throws
   */
  load(digest: Digest, size: number, read: () => Promise<Uint8Array>): Promise<Uint8Array>;
}

/** How many different contents are read at once: each may have megabytes. */
const readingLimit = 256;

/** @param limit bytes kept in memory */
export function createVerifiedContent(limit: number): VerifiedContent {
  const cache = new ByteCache<Uint8Array>(limit);
  const readings = new Map<Digest, Promise<Uint8Array>>();

  const readAndCheck = async (digest: Digest, size: number, read: () => Promise<Uint8Array>) => {
    const bytes = await read();
    if (bytes.length !== size || !digestMatches(digest, bytes)) {
      throw new SignpostError(
        'DIGEST_MISMATCH',
        `the tree's ${digest} is damaged: its bytes have another digest; run "signpost scrub"`,
      );
    }
    cache.set(digest, bytes, bytes.length);
    return bytes;
  };
  return {
    get: (digest) => cache.get(digest),
    async load(digest, size, read) {
      const known = cache.get(digest);
      if (known !== undefined) return known;
      const running = readings.get(digest);
      if (running !== undefined) return running;
      if (readings.size >= readingLimit) {
        throw new SignpostError('UNAVAILABLE', `${readingLimit} manifests are being read already`);
      }
      const reading = readAndCheck(digest, size, read).finally(() => readings.delete(digest));
      readings.set(digest, reading);
      return reading;
    },
  };
}
