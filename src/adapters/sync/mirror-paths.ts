import { join } from 'node:path';
import { digestHex } from '../../oci/digest.ts';
import type { WantedFile } from '../../ports/incoming-file.ts';

/** What a mirror's folder has beside the tree (src/mirror/state-folder.ts). */
export const stateName = '.signpost-sync';

/** A file that is coming in. Its name is its digest, so that a later run finds it. */
export function partialPath(folder: string, { digest }: WantedFile): string {
  return join(folder, stateName, 'partial', digestHex(digest));
}
