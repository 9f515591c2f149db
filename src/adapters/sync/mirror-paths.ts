import { join } from 'node:path';
import { digestHex } from '../../oci/digest.ts';
import type { WantedFile } from '../../ports/mirror-folder.ts';

/** What a mirror's folder has beside the tree (src/sync/state-folder.ts). */
export const stateName = '.signpost-sync';

/** A file that is coming in. Its name is its digest, so that a later run finds it. */
export function partialPath(folder: string, { digest }: WantedFile): string {
  return join(folder, stateName, 'partial', digestHex(digest));
}

/**
 * The second name of a blob, under which it is found when another repository has it too; undefined for other files,
 * which are small and seldom the same.
 */
export function poolPath(folder: string, { path, digest }: WantedFile): string | undefined {
  if (!path.endsWith(`/blobs/${digest}`)) return undefined;
  const hex = digestHex(digest);
  return join(folder, stateName, 'blobs', hex.slice(0, 2), hex);
}
