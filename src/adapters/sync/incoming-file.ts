import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { digestHex, digestMatches } from '../../oci/digest.ts';
import type { IncomingFile, WantedFile } from '../../ports/mirror-folder.ts';
import { makeFolder, temporaryNameFor } from '../atomic-file.ts';
import { type FlushGate, PartialFile } from '../partial-file.ts';
import { storageError } from '../storage-error.ts';

/** Up to this, a file is held in memory until its digest has been checked: the disk sees it once. In bytes. */
export const smallSize = 256 * 1024;

/** A small file. Nothing of it is kept when it does not come to its end. */
export function receiveSmall(path: string, file: WantedFile, placed: () => Promise<void>): IncomingFile {
  let bytes = Buffer.allocUnsafe(0);
  let offset = 0;
  return {
    get offset() {
      return offset;
    },
    async restart() {
      offset = 0;
    },
    async write(piece) {
      if (bytes.length === 0) bytes = Buffer.allocUnsafe(file.size);
      bytes.set(piece, offset);
      offset += piece.length;
    },
    async finish() {
      if (offset !== file.size || !digestMatches(file.digest, bytes)) {
        offset = 0;
        return 'wrong';
      }
      await writeNamed(path, bytes);
      await placed();
      return 'placed';
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

// The folder is made to remember it together with others, before a list or the marker names it.
async function writeNamed(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryNameFor(path);
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'wx', 0o644);
    await handle.writeFile(bytes);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, path);
  } catch (cause) {
    await handle?.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    throw storageError(`write ${path}`, cause);
  }
}

/** A large file: what has come stays, and the next run goes on from there. */
export async function receiveLarge(
  partial: string,
  path: string,
  file: WantedFile,
  gate: FlushGate,
  placed: () => Promise<void>,
): Promise<IncomingFile> {
  await makeFolder(dirname(partial));
  const incoming = await PartialFile.open(partial, gate);
  await incoming.resume(file.size);
  let offset = incoming.hashed;
  const restart = async () => {
    await incoming.restart();
    offset = 0;
  };
  return {
    get offset() {
      return offset;
    },
    restart,
    async write(piece) {
      offset += piece.length;
      await incoming.write(piece);
    },
    async finish() {
      await incoming.drain();
      if (offset !== file.size || incoming.digest() !== digestHex(file.digest)) {
        await restart();
        return 'wrong';
      }
      await incoming.sync();
      try {
        await rename(partial, path);
      } catch (cause) {
        throw storageError(`write ${path}`, cause);
      }
      await placed();
      return 'placed';
    },
    async [Symbol.asyncDispose]() {
      await incoming.drain().catch(() => undefined);
      await incoming[Symbol.asyncDispose]();
    },
  };
}
