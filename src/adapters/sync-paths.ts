import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { storageError } from './storage-error.ts';

/** More than so many are not waited for one by one: each wait is a write to the disk of its own. */
const fewPaths = 128;
const pathsAtOnce = 32;

/**
 * Has files and folders of one file system outlast a power cut. When they are many, the whole file system is written out
 * instead, which takes one wait; what others have written there meanwhile is waited for too.
 * @throws SignpostError STORAGE
 */
export async function syncPaths(paths: readonly string[]): Promise<void> {
  const [first] = paths;
  if (first === undefined) return;
  if (paths.length > fewPaths && (await syncFileSystem(dirname(first)))) return;
  const rest = paths.values();
  const workers = Array.from({ length: Math.min(pathsAtOnce, paths.length) }, async () => {
    for (const path of rest) await syncPath(path);
  });
  await Promise.all(workers);
}

/** syncfs(2), which Node does not have, through sync(1). Returns whether it was done: a system may have no such program. */
async function syncFileSystem(folder: string): Promise<boolean> {
  try {
    const [status] = await once(spawn('sync', ['-f', folder], { stdio: 'ignore' }), 'exit');
    return status === 0;
  } catch {
    return false;
  }
}

async function syncPath(path: string): Promise<void> {
  try {
    await using file = await open(path);
    await file.sync();
  } catch (cause) {
    throw storageError(`write ${path}`, cause);
  }
}
