import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { storageError } from './storage-error.ts';
import { inParallel } from '../../parallel/in-parallel.ts';

/** More than so many are not waited for one by one: each wait is a write to the disk of its own. */
const fewPaths = 128;
const pathsAtOnce = 32;

/**
 * Has files and folders outlast a power cut. When they are many, the whole file systems that they are on are written out
 * instead, which takes one wait for each; what others have written there meanwhile is waited for too.
 * @throws SignpostError STORAGE
 */
export async function syncPaths(paths: readonly string[]): Promise<void> {
  if (paths.length > fewPaths && (await syncFileSystems(paths))) return;
  await inParallel(paths, pathsAtOnce, syncPath);
}

/**
 * syncfs(2), which Node does not have, through sync(1). Returns whether it was done: a system may have no such program. A
 * folder of the tree may be a link to another disk: it is not for the first path to say where all of them are.
 */
async function syncFileSystems(paths: readonly string[]): Promise<boolean> {
  try {
    const places = new Map(paths.map((path) => [statSync(path).dev, path]));
    for (const path of places.values()) {
      const [status] = await once(spawn('sync', ['-f', path], { stdio: 'ignore' }), 'exit');
      if (status !== 0) return false;
    }
    return true;
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
