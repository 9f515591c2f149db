import type { MirrorFolder } from '../ports/mirror-folder.ts';
import type { WantedFile } from '../ports/incoming-file.ts';
import type { Fetched } from '../download/fetch-file.ts';
import { partialFolder, partialName } from './state-folder.ts';

/** Fetches an index or a list; when it does not come, nothing of it stays: with each run it may be another one. */
export async function fetchWhole(
  deps: {
    readonly folder: Pick<MirrorFolder, 'remove'>;
    readonly fetch: (file: WantedFile) => Promise<Fetched>;
  },
  file: WantedFile,
): Promise<void> {
  try {
    await deps.fetch(file);
  } catch (error) {
    await deps.folder.remove(`${partialFolder}/${partialName(file.digest)}`);
    throw error;
  }
}
