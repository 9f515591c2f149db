import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Who may read what is written. It is decided where something is written, and not by the umask, which would take the
 * tree from the web server, or give private mirrors to every local user, depending on who runs a command.
 *
 * - `everyone`: the tree, which web servers and rsync read as users of their own.
 * - `group`: what is not for strangers, and may be for operators: who is in the group of the folder's owner.
 * - `owner`: what nobody else has a use for.
 * - `umask`: what a person has asked for by its name: as that person is used to.
 */
export type Readers = 'everyone' | 'group' | 'owner' | 'umask';

export const fileModes: Readonly<Record<Readers, number>> = {
  everyone: 0o644,
  group: 0o640,
  owner: 0o600,
  umask: 0o644,
};
export const folderModes: Readonly<Record<Readers, number>> = {
  everyone: 0o755,
  group: 0o750,
  owner: 0o700,
  umask: 0o755,
};

/** Makes the file where there is none, and takes it from those who may not read it. What throws is the system's. */
export function makePrivateFile(path: string, readers: 'group' | 'owner'): void {
  const wanted = fileModes[readers];
  const file = openSync(path, 'a', wanted);
  try {
    const mode = fstatSync(file).mode & 0o777;
    if ((mode & ~wanted) !== 0) fchmodSync(file, mode & wanted);
  } finally {
    closeSync(file);
  }
}

/**
 * Makes a folder and its parents where they are not there. What throws is the system's.
 * @returns what was made, the innermost first
 */
export function makeFolders(path: string, readers: Readers): readonly string[] {
  const mode = folderModes[readers];
  // Undefined when all were there, or somebody else has made them meanwhile.
  const first = makeRecursively(path, mode);
  const made: string[] = [];
  const least = first?.length ?? Number.POSITIVE_INFINITY;
  for (let folder = path; folder.length >= least; folder = dirname(folder)) {
    if (readers !== 'umask') chmodSync(folder, mode);
    made.push(folder);
  }
  return made;
}

// Where the file system is read-only, Node's own way through the parents says that there is no such folder: the one that
// cannot be made says why.
function makeRecursively(path: string, mode: number): string | undefined {
  try {
    return mkdirSync(path, { recursive: true, mode });
  } catch (cause) {
    if (!(cause instanceof Error) || Reflect.get(cause, 'code') !== 'ENOENT') throw cause;
    let absent = resolve(path);
    while (!existsSync(dirname(absent))) absent = dirname(absent);
    mkdirSync(absent, mode);
    rmdirSync(absent);
    throw cause;
  }
}
