import { rename } from 'node:fs/promises';
import { digestHex } from '../../oci/digest.ts';
import type { IncomingFile, WantedFile } from '../../ports/incoming-file.ts';
import { type FlushGate, PartialFile } from '../files/partial-file.ts';
import { storageError } from '../files/storage-error.ts';

/** A large file: what has come stays, and the next run goes on from there. */
export async function receiveLarge(
  partial: string,
  path: string,
  file: WantedFile,
  gate: FlushGate,
  placed: () => void,
): Promise<IncomingFile> {
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
    write(piece) {
      offset += piece.length;
      return incoming.write(piece);
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
      placed();
      return 'placed';
    },
    async [Symbol.asyncDispose]() {
      await incoming.drain().catch(() => undefined);
      await incoming[Symbol.asyncDispose]();
    },
  };
}
