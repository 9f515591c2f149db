import { formatBytes } from '../text/quantity.ts';
import { type Digest, digestHex } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { DiskSpace } from '../ports/disk-space.ts';
import type { WantedFile } from '../ports/incoming-file.ts';
import { type SyncSpace, hasRoom } from './sync-space.ts';

/** So many digests are remembered, in some 50 MB; of the blobs beyond them none is counted, since it may be one of them. */
const digestsLimit = 1_000_000;

/** What files that are missing take at least: the same bytes are counted once, since they are kept once. */
export class NeededSpace {
  bytes = 0;
  readonly #disk: Pick<DiskSpace, 'neededFor'>;
  readonly #seen = new Set<number>();

  constructor(disk: Pick<DiskSpace, 'neededFor'>) {
    this.#disk = disk;
  }

  add(file: WantedFile): void {
    const key = keyOf(file.digest);
    if (this.#seen.has(key) || this.#seen.size >= digestsLimit) return;
    this.#seen.add(key);
    this.bytes += this.#disk.neededFor(file);
  }
}

// Two that look the same are counted once: then it is still no more than what is needed.
function keyOf(digest: Digest): number {
  return Number.parseInt(digestHex(digest).slice(0, 12), 16);
}

/**
 * `fetched` says what has been fetched by now.
 * @throws SignpostError STORAGE when what is needed certainly does not fit
 */
export function checkSpace(space: SyncSpace, fetched: string): void {
  if (hasRoom(space)) return;
  const { needed, free = 0 } = space;
  throw new SignpostError(
    'STORAGE',
    `what is missing here takes at least ${formatBytes(needed)}, and only ${formatBytes(free)} are free: make room, or ` +
      `carry fewer repositories (--repository); ${fetched}`,
  );
}
