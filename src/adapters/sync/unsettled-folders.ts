import { dirname } from 'node:path';
import { makeFolder } from '../files/atomic-file.ts';
import { syncPaths } from '../files/sync-paths.ts';

const foldersRemembered = 10_000;

/** Folders that have new entries. Thousands of files come into a few folders: each is made to remember them once. */
export class UnsettledFolders {
  readonly #made = new Set<string>();
  #changed = new Set<string>();

  /** Makes the folder of `path` where there is none. @throws SignpostError STORAGE */
  async prepare(path: string): Promise<void> {
    const folder = dirname(path);
    if (this.#made.has(folder)) return;
    await makeFolder(folder, 'everyone', (parent) => void this.#changed.add(parent));
    if (this.#made.size >= foldersRemembered) this.#made.clear();
    this.#made.add(folder);
  }

  /** `path` is in its folder now. */
  placed(path: string): void {
    this.#changed.add(dirname(path));
  }

  /** What has been placed so far outlasts a power cut. @throws SignpostError STORAGE */
  async settle(): Promise<void> {
    const folders = [...this.#changed];
    this.#changed = new Set();
    await syncPaths(folders);
  }
}
