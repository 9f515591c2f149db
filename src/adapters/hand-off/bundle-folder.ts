import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent, makeFolder } from '../files/atomic-file.ts';
import { moveAside, writeReasons } from '../files/move-aside.ts';
import { storageError } from '../files/storage-error.ts';

/** A signature bundle that was put into a folder for the origin. */
export interface WaitingBundle {
  readonly name: string;
  readonly path: string;
  /** When it was last written to, in milliseconds since the epoch. */
  readonly written: number;
}

/** Names that begin with a dot are somebody's unfinished business. */
const bundleName = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,240}\.bundle$/;

/** Whether a path leads to a folder. Throws SignpostError STORAGE. */
export async function isFolder(path: string): Promise<boolean> {
  return (await statAt(path))?.isDirectory() === true;
}

/**
 * The bundles in a folder, in the order of their names: what is no regular file is left out.
 * @throws SignpostError STORAGE
 */
export async function listBundles(folder: string): Promise<readonly WaitingBundle[]> {
  const bundles: WaitingBundle[] = [];
  for (const name of (await namesIn(folder)).filter((entry) => bundleName.test(entry)).sort()) {
    const path = join(folder, name);
    const found = await statAt(path);
    if (found?.isFile() === true) bundles.push({ name, path, written: found.mtimeMs });
  }
  return bundles;
}

/**
 * Puts a bundle into a folder beside it, with the reasons where there are any.
 * @throws SignpostError STORAGE
 */
export async function putBundle(
  { path }: WaitingBundle,
  folder: string,
  place: 'accepted' | 'refused',
  reasons: readonly string[],
): Promise<void> {
  await makeFolder(join(folder, place), 'umask');
  await writeReasons(await moveAside(path, join(folder, place)), reasons);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw storageError(`read the folder ${folder}`, cause);
  }
}

async function statAt(path: string) {
  try {
    return await lstat(path);
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw storageError(`look at ${path}`, cause);
  }
}
