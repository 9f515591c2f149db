import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode, storageError } from './storage-error.ts';

const temporaryPattern = /^\..+\.[0-9a-f]{12}\.tmp$/;

/** Whether a file's name is one that an atomic write uses before the rename: leftovers of a crash have such names. */
export function isTemporaryName(name: string): boolean {
  return temporaryPattern.test(name);
}

/**
 * Writes a file so that, whatever happens, its name holds either the old bytes or all of the new ones: a temporary
 * name in the same folder, fsync, rename, fsync of the folder.
 * @throws SignpostError STORAGE
 */
export async function writeFileAtomic(
  path: string,
  bytes: Uint8Array,
  remember: RememberFolder = syncFolder,
): Promise<void> {
  await replaceAtomic(path, remember, async (temporary) => {
    await using file = await open(temporary, 'wx', 0o644);
    await file.writeFile(bytes);
    await file.sync();
  });
}

/** Has a folder remember its entries across a power cut, now ({@link syncFolder}) or together with others later. */
export type RememberFolder = (path: string) => Promise<void>;

/** A name in the folder of `path` that nobody else has, for what is to be renamed to `path`. */
export function temporaryNameFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

/** Gives a file that is whole and on disk its name, and has the folder remember it. */
export async function renameDurably(
  from: string,
  path: string,
  remember: RememberFolder = syncFolder,
): Promise<void> {
  try {
    await rename(from, path);
  } catch (cause) {
    throw storageError(`write ${path}`, cause);
  }
  await remember(dirname(path));
}

/**
 * Makes `path` the same file as `from` (a hard link), or a copy of it where links cannot be made. `from` must be whole
 * and on disk. Another file that is there is left alone when it has the right size and `isWhole` finds nothing wrong
 * with it, and is replaced otherwise.
 * @throws SignpostError STORAGE; NOT_FOUND is left to the caller: a missing `from` rejects with ENOENT
 */
export async function linkFileAtomic(
  from: string,
  path: string,
  isWhole: (path: string) => Promise<boolean>,
  remember: RememberFolder = syncFolder,
): Promise<void> {
  const source = await stat(from);
  const present = await statIfThere(path);
  if (present !== undefined) {
    if (present.ino === source.ino && present.dev === source.dev) return;
    if (present.size === source.size && (await isWhole(path))) return;
  }
  await makeFolder(dirname(path), { remember });
  if (present === undefined && (await tryLink(from, path))) {
    await remember(dirname(path));
    return;
  }
  await replaceAtomic(path, remember, async (temporary) => {
    if (await tryLink(from, temporary)) return;
    await copyFile(from, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await using file = await open(temporary, 'r+');
    await file.chmod(0o644);
    await file.sync();
  });
}

/** Makes a folder into which only its owner sees; its parents are as open as others. */
export async function makePrivateFolder(path: string): Promise<void> {
  await makeFolder(dirname(path));
  await makeFolder(path, { mode: 0o700 });
}

/** Makes a folder and its parents, and has the parents remember them across a power cut. */
export async function makeFolder(
  path: string,
  options: { readonly mode?: number; readonly remember?: RememberFolder } = {},
): Promise<void> {
  const { mode = 0o755, remember = syncFolder } = options;
  try {
    const first = await mkdir(path, { recursive: true, mode });
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) await remember(dirname(made));
  } catch (cause) {
    throw storageError(`make the folder ${path}`, cause);
  }
}

/** Has a folder remember its entries across a power cut. */
export async function syncFolder(path: string): Promise<void> {
  try {
    await using folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    await folder.sync();
  } catch (cause) {
    throw storageError(`write the folder ${path}`, cause);
  }
}

/** What is at `path`; undefined when nothing is. */
export async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw storageError(`look at ${path}`, cause);
  }
}

/** Whether a system call failed because there is nothing at the path. */
export function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(errorCode(error) ?? '');
}

async function replaceAtomic(
  path: string,
  remember: RememberFolder,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = temporaryNameFor(path);
  try {
    try {
      await write(temporary);
    } catch (cause) {
      // Most folders are there: they are made when one is not, instead of asked for each time.
      if (!isAbsent(cause)) throw cause;
      await makeFolder(dirname(path), { remember });
      await write(temporary);
    }
    await renameDurably(temporary, path, remember);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw storageError(`write ${path}`, cause);
  }
}

// EXDEV: another file system; EMLINK: the file has as many links as it can have; EPERM: one without hard links.
async function tryLink(from: string, path: string): Promise<boolean> {
  try {
    await link(from, path);
    return true;
  } catch (cause) {
    if (['EXDEV', 'EMLINK', 'EPERM', 'EOPNOTSUPP', 'EEXIST'].includes(errorCode(cause) ?? '')) return false;
    throw storageError(`link ${path}`, cause);
  }
}
