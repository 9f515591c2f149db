import { isSignpostError } from '../oci/errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { MirrorFolder } from '../ports/mirror-folder.ts';
import type { WantedFile } from '../ports/incoming-file.ts';
import { finishedList, listsFolder, partialFolder, partialName } from './state-folder.ts';

type Folder = Pick<MirrorFolder, 'names' | 'remove'>;

/** What earlier runs have begun to fetch and this one has no use for: with each run a hostile origin may name other files. */
export class StalePartials {
  readonly #folder: Folder;
  readonly #names: Set<string>;

  private constructor(folder: Folder, names: Set<string>) {
    this.#folder = folder;
    this.#names = names;
  }

  static async load(folder: Folder): Promise<StalePartials> {
    return new StalePartials(folder, new Set(await folder.names(partialFolder)));
  }

  /** It goes on where that run was stopped. */
  keep({ digest }: WantedFile): void {
    this.#names.delete(partialName(digest));
  }

  async remove(): Promise<void> {
    for (const name of this.#names) await this.#folder.remove(`${partialFolder}/${name}`);
    this.#names.clear();
  }
}

/** Whether it says that what the origin names is not to be had, and not that it could not be had this time. */
export function isRefusal(error: unknown): boolean {
  return isSignpostError(error, 'SOURCE_INVALID') || isSignpostError(error, 'LIMIT_EXCEEDED');
}

/**
 * Removes what a run has fetched before it was refused: lists that are of no use, and the index, which is in the way of
 * nothing but the disk. `inUse` is the index of the marker that stays.
 */
export async function removeRefused(
  folder: Folder,
  refused: Digest,
  inUse: Digest | undefined,
): Promise<void> {
  try {
    for (const name of await folder.names(listsFolder)) await folder.remove(`${listsFolder}/${name}`);
    if (refused !== inUse) await folder.remove(finishedList(refused));
  } catch (error) {
    // The disk may be what has failed: that is told already.
    if (!isSignpostError(error, 'STORAGE')) throw error;
  }
}
