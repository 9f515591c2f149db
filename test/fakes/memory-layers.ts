import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { SignpostError } from '../../src/oci/errors.ts';
import type { LayerUnpacker } from '../../src/ports/layer-unpacker.ts';

/** Unpacks layers that are in memory, and counts them. */
export interface MemoryLayers extends LayerUnpacker {
  readonly unpacked: Digest[];
}

/** `published` is keyed by `repository@digest`. */
export function createMemoryLayers(
  staged: ReadonlyMap<Digest, Buffer>,
  published: ReadonlyMap<string, Uint8Array>,
): MemoryLayers {
  const unpacked: Digest[] = [];
  return {
    unpacked,
    unpack: async (digest, from, { limit }) => {
      unpacked.push(digest);
      const bytes = from === 'staging' ? staged.get(digest) : published.get(`${from}@${digest}`);
      if (bytes === undefined) throw new SignpostError('NOT_FOUND', `${from} has no ${digest}`);
      const magic = Buffer.from(bytes).toString('hex', 0, 4);
      try {
        if (magic.startsWith('1f8b')) {
          return { kind: 'unpacked', diffId: digestOf(gunzipSync(bytes, { maxOutputLength: limit })) };
        }
        if (magic === '28b52ffd') {
          return {
            kind: 'unpacked',
            diffId: digestOf(zstdDecompressSync(bytes, { maxOutputLength: limit })),
          };
        }
      } catch (error) {
        return { kind: 'damaged', reason: (error as Error).message };
      }
      if (magic.startsWith('425a68')) return { kind: 'unknown', compression: 'bzip2' };
      return { kind: 'unpacked', diffId: digestOf(bytes) };
    },
  };
}
