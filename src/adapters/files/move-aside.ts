import { link, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SignpostError } from '../../oci/errors.ts';
import { statIfThere, syncFolder, writeFileAtomic } from './atomic-file.ts';
import { errorCode, storageError } from './storage-error.ts';

/** How many files of one name a folder holds before something must be wrong. */
const twinsLimit = 1000;

/** Gives a file the first free name in `folder`: nothing that is there is ever replaced. Returns the new path. */
export async function moveAside(path: string, folder: string): Promise<string> {
  const name = basename(path);
  if (join(folder, name) === path) return path;
  for (let twin = 1; twin <= twinsLimit; twin += 1) {
    const target = join(folder, twin === 1 ? name : name.replace(/(\.\w+)?$/, `.${twin}$1`));
    if (!(await takeName(path, target))) continue;
    await remove(path);
    await syncFolder(folder);
    return target;
  }
  throw new SignpostError('STORAGE', `${folder} has ${twinsLimit} files named like ${name}: clear it up`);
}

async function takeName(path: string, target: string): Promise<boolean> {
  try {
    await link(path, target);
    return true;
  } catch (cause) {
    const code = errorCode(cause) ?? '';
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'EOPNOTSUPP', 'EMLINK'].includes(code)) throw storageError(`write ${target}`, cause);
  }
  // A file system without hard links, such as a memory stick's: only the signer writes there, so looking is enough.
  if (statIfThere(target) !== undefined) return false;
  try {
    await rename(path, target);
    return true;
  } catch (cause) {
    throw storageError(`write ${target}`, cause);
  }
}

/** Says beside a file why it is where it is. */
export async function writeReasons(path: string, reasons: readonly string[]): Promise<void> {
  if (reasons.length === 0) return;
  await writeFileAtomic(`${path}.reason`, Buffer.from(`${reasons.join('\n')}\n`), 'umask');
}

/** @throws SignpostError STORAGE */
export async function remove(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw storageError(`remove ${path}`, cause);
  }
}
