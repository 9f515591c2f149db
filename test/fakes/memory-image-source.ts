import type { Digest } from '../../src/oci/digest.ts';
import { SignpostError } from '../../src/oci/errors.ts';
import type { ImageSource } from '../../src/ports/image-source.ts';
import type { BuiltManifest } from './image-builder.ts';

/** An ImageSource that holds a built image or list in memory, and counts what was asked of it. */
export interface MemoryImageSource extends ImageSource {
  /** Each call of `blob`, in order. */
  readonly asked: readonly { readonly digest: Digest; readonly offset: number }[];
}

export interface MemoryImageSourceFaults {
  /** Changes the bytes of a blob before they are sent. */
  readonly damage?: (digest: Digest, bytes: Buffer) => Buffer;
  /** Ends a blob's stream with UNAVAILABLE after this many bytes, once for each blob. */
  readonly breakAfter?: number;
  /** Refuses to start in the middle, as the port allows. */
  readonly wholeOnly?: boolean;
  /** Bytes in each piece. */
  readonly pieceSize?: number;
}

export function createMemoryImageSource(
  built: BuiltManifest,
  faults: MemoryImageSourceFaults = {},
): MemoryImageSource {
  const asked: { digest: Digest; offset: number }[] = [];
  const broken = new Set<Digest>();
  return {
    name: `memory:${built.digest}`,
    asked,
    root: () => Promise.resolve({ bytes: built.manifest, mediaType: built.mediaType }),
    manifest: async ({ digest }) => {
      const found = built.manifests.get(digest);
      if (found === undefined) throw new SignpostError('NOT_FOUND', `no manifest ${digest}`);
      return { bytes: found.manifest, mediaType: found.mediaType };
    },
    blob: async ({ digest }, offset, signal) => {
      asked.push({ digest, offset });
      const bytes = built.blobs.get(digest);
      if (bytes === undefined) throw new SignpostError('NOT_FOUND', `no blob ${digest}`);
      if (offset > 0 && faults.wholeOnly === true) {
        throw new SignpostError('SOURCE_INVALID', 'cannot start in the middle');
      }
      const sent = faults.damage?.(digest, bytes) ?? bytes;
      const breaks = faults.breakAfter !== undefined && !broken.has(digest);
      if (breaks) broken.add(digest);
      return pieces(
        sent.subarray(offset),
        faults.pieceSize ?? 1000,
        signal,
        breaks ? faults.breakAfter : undefined,
      );
    },
    close: () => Promise.resolve(),
  };
}

async function* pieces(bytes: Buffer, size: number, signal: AbortSignal, breakAfter = Infinity) {
  const end = Math.min(bytes.length, breakAfter);
  for (let start = 0; start < end; start += size) {
    if (signal.aborted) throw new SignpostError('CANCELLED', 'cancelled');
    yield bytes.subarray(start, Math.min(start + size, end));
    await Promise.resolve();
  }
  if (end < bytes.length) throw new SignpostError('UNAVAILABLE', 'the connection broke');
}
