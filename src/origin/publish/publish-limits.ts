import type { Descriptor } from '../../oci/descriptor.ts';
import { SignpostError } from '../../oci/errors.ts';

/** How large an image may be. A hostile or broken source must not fill the disk or keep the program busy forever. */
export interface PublishLimits {
  readonly manifests: number;
  readonly layers: number;
  /** One blob, in bytes. */
  readonly blobBytes: number;
  /** One layer after decompression, in bytes. */
  readonly unpackedBytes: number;
  /** All blobs of all platforms, in bytes. */
  readonly totalBytes: number;
}

const gibibyte = 1024 ** 3;

/**
 * Far above what real images have: the official lists have a dozen platforms, and no runtime takes over 127 layers. How many
 * layers there may be is a setting, publish.layers, since artifacts have more.
 */
export const defaultLimits: PublishLimits = {
  manifests: 256,
  layers: 512,
  blobBytes: 256 * gibibyte,
  unpackedBytes: 256 * gibibyte,
  totalBytes: 1024 * gibibyte,
};

/** @throws SignpostError LIMIT_EXCEEDED */
export function checkCount(what: string, count: number, limit: number): void {
  if (count <= limit) return;
  throw new SignpostError('LIMIT_EXCEEDED', `${what}: ${count} are more than the ${limit} that are allowed`);
}

/**
 * Checks all blobs of an image together.
 * @throws SignpostError LIMIT_EXCEEDED, MANIFEST_INVALID (a blob that is said to have two sizes)
 */
export function checkBlobs(blobs: readonly Descriptor[], limits: PublishLimits): void {
  const sizes = new Map<string, number>();
  for (const { digest, size } of blobs) {
    const other = sizes.get(digest) ?? size;
    if (other !== size) {
      throw new SignpostError(
        'MANIFEST_INVALID',
        `the manifests disagree on the size of ${digest}: ${other} and ${size} bytes`,
      );
    }
    checkCount(`bytes of blob ${digest}`, size, limits.blobBytes);
    sizes.set(digest, size);
  }
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  checkCount('bytes of all blobs together', total, limits.totalBytes);
}
