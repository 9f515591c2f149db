import { randomBytes } from 'node:crypto';
import { constants, type Stats, statSync } from 'node:fs';
import { chmod, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Readers, fileModes, folderModes, makeFolders } from './permissions.ts';
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
export async function writeFileAtomic(path: string, bytes: Uint8Array, readers: Readers): Promise<void> {
  await replaceAtomic(path, readers, async (temporary) => {
    await using file = await open(temporary, 'wx', fileModes[readers]);
    if (readers !== 'umask') await file.chmod(fileModes[readers]);
    await file.writeFile(bytes);
    await file.sync();
  });
}

/** A name in the folder of `path` that nobody else has, for what is to be renamed to `path`. */
export function temporaryNameFor(path: string, unique = uniquePart()): string {
  return join(dirname(path), `.${basename(path)}.${unique}.tmp`);
}

/** What makes a temporary name nobody else's; one will do for many different paths. */
export function uniquePart(): string {
  return randomBytes(6).toString('hex');
}

/** Gives a file that is whole and on disk its name, and has the folder remember it. */
export async function renameDurably(from: string, path: string): Promise<void> {
  try {
    await rename(from, path);
  } catch (cause) {
    throw storageError(`write ${path}`, cause);
  }
  await syncFolder(dirname(path));
}

/**
 * Makes a folder into which strangers do not see, and takes it from those who saw into it so far. Its parents are as open
 * as others.
 */
export async function makePrivateFolder(path: string, readers: 'group' | 'owner'): Promise<void> {
  await makeFolder(dirname(path), 'everyone');
  await makeFolder(path, readers);
  try {
    const mode = (await stat(path)).mode & 0o777;
    const wanted = folderModes[readers];
    if ((mode & ~wanted) !== 0) await chmod(path, mode & wanted);
  } catch (cause) {
    throw storageError(`make the folder ${path} private`, cause);
  }
}

/**
 * Makes a folder and its parents, and has the parents remember them across a power cut.
 * @param remember has one folder do so, now or together with others later
 */
export async function makeFolder(
  path: string,
  readers: Readers,
  remember: (folder: string) => Promise<void> | void = syncFolder,
): Promise<void> {
  try {
    for (const made of makeFolders(path, readers)) await remember(dirname(made));
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
export function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
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
  readers: Readers,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = temporaryNameFor(path);
  try {
    try {
      await write(temporary);
    } catch (cause) {
      // Most folders are there: they are made when one is not, instead of asked for each time.
      if (!isAbsent(cause)) throw cause;
      await makeFolder(dirname(path), readers);
      await write(temporary);
    }
    await renameDurably(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw storageError(`write ${path}`, cause);
  }
}
