import { type Digest, digestHex } from '../oci/digest.ts';

/**
 * Where a mirror's folder keeps what is not given away: files that are still coming, lists that are being worked on, a
 * second name for each blob. Web servers of mirrors hide names that begin with a dot.
 */
export const stateFolder = '.signpost-sync';

/** Lists some of whose files are not there yet. */
export const listsFolder = `${stateFolder}/lists`;

/** Where a list lies while not all of its files are there. */
export function unfinishedList(digest: Digest): string {
  return `${listsFolder}/${digest}`;
}

/** Where it lies once they are: that it is there says so, to this mirror's next run and to who fills a mirror from it. */
export function finishedList(digest: Digest): string {
  return `contents/${digest}`;
}

/** Files that are still coming: each is named for its digest. */
export const partialFolder = `${stateFolder}/partial`;

/** How a file that is still coming is named. */
export function partialName(digest: Digest): string {
  return digestHex(digest);
}
