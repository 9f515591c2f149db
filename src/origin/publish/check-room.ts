import type { Descriptor } from '../../oci/descriptor.ts';
import { SignpostError } from '../../oci/errors.ts';
import { formatBytes } from '../../text/quantity.ts';
import { type CopyDeps, findPublished } from './copy-blobs.ts';

/**
 * Checks that there is room for all blobs that are not here yet, before the first of them is copied.
 * @throws SignpostError STORAGE
 */
export async function checkRoom(
  deps: Pick<CopyDeps, 'staging' | 'publications' | 'tree'>,
  blobs: readonly Descriptor[],
): Promise<void> {
  let needed = 0;
  for (const blob of blobs) {
    if ((await findPublished(deps, blob)) === undefined) needed += await deps.staging.neededFor(blob);
  }
  const free = needed === 0 ? undefined : await deps.staging.free();
  if (free === undefined || free >= needed) return;
  throw new SignpostError(
    'STORAGE',
    `${formatBytes(needed)} of the image are not here yet, and the disk of the staging area has only ` +
      `${formatBytes(free)} free: make room, or choose fewer platforms with --platform; nothing was copied`,
  );
}
