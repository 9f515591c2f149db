import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { SignpostError } from '../../../oci/errors.ts';
import { readPart, readPartForCopy, type SourceFiles } from '../source-files.ts';
import { waitForAll } from '../../../parallel/wait-for-all.ts';

/** The files of an OCI image layout in a folder. `root` is the folder's real path. */
export function createFolderFiles(root: string): SourceFiles {
  // What was opened and then not read to its end is closed with the source.
  const opened = new Set<FileHandle>();
  const openToRead = async (read: typeof readPart, name: string, offset: number, signal: AbortSignal) => {
    if (signal.aborted) throw new SignpostError('CANCELLED', `stopped reading ${root}`);
    const path = await resolveInside(root, name);
    if (path === undefined) throw new SignpostError('NOT_FOUND', `${root} holds no ${name}`);
    const { file, size } = await openFile(path);
    opened.add(file);
    return readAndClose(read(file, offset, size, signal, path), file, opened);
  };
  return {
    path: root,
    has: async (name) => (await resolveInside(root, name)) !== undefined,
    open: (name, offset, signal) => openToRead(readPart, name, offset, signal),
    openForCopy: (name, offset, signal) => openToRead(readPartForCopy, name, offset, signal),
    close: async () => {
      await waitForAll([...opened].map((file) => file.close()));
      opened.clear();
    },
  };
}

// A layout is someone else's work: a link in it must not lead to a file of this machine.
async function resolveInside(root: string, name: string): Promise<string | undefined> {
  let path: string;
  try {
    path = await realpath(join(root, name));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new SignpostError('STORAGE', `cannot read ${join(root, name)}: ${message}`, { cause });
  }
  if (path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)) return path;
  throw new SignpostError('SOURCE_INVALID', `${root}: ${name} is a link that leaves the layout`);
}

async function openFile(path: string): Promise<{ file: FileHandle; size: number }> {
  let file: FileHandle;
  try {
    // Neither a link that has come since the look above, nor a pipe that would keep us waiting.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw new SignpostError('STORAGE', `cannot open ${path}: ${(cause as Error).message}`, { cause });
  }
  const stat = await file.stat();
  if (stat.isFile()) return { file, size: stat.size };
  await file.close();
  throw new SignpostError('SOURCE_INVALID', `${path} is not a file`);
}

async function* readAndClose(
  pieces: AsyncIterable<Uint8Array>,
  file: FileHandle,
  opened: Set<FileHandle>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* pieces;
  } finally {
    if (opened.delete(file)) await file.close();
  }
}
