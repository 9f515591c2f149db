import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HandOffBundles, SettledBundle } from '../../ports/hand-off-folder.ts';
import { parseDigest } from '../../oci/digest.ts';
import { isTemporaryName, makeFolder, syncFolder } from '../files/atomic-file.ts';
import { createNewFile } from '../files/new-file.ts';
import { storageError } from '../files/storage-error.ts';

const settledName = /^\.([A-Za-z0-9][A-Za-z0-9._-]{0,200})\.settled$/;

/**
 * The folder `out` of an unattended signer. A settled bundle is there under a name with a dot in front, which whoever
 * collects bundles leaves alone.
 * @throws SignpostError STORAGE
 */
export async function openHandOffBundles(folder: string): Promise<HandOffBundles> {
  await makeFolder(folder, 'umask');
  const settledPath = (name: string) => join(folder, `.${name}.settled`);

  async function release(name: string): Promise<void> {
    try {
      await rename(settledPath(name), join(folder, name));
    } catch (cause) {
      throw storageError(`write ${join(folder, name)}`, cause);
    }
    await syncFolder(folder);
  }

  return {
    async create(name) {
      const file = await createNewFile(settledPath(name));
      let settled = false;
      return {
        path: join(folder, name),
        write: (text) => file.write(text),
        async settle() {
          await file.release();
          settled = true;
        },
        release: () => release(name),
        // What is settled may be in the signer's record already, and then has to come out: that is decided later.
        discard: () => (settled ? Promise.resolve() : file.discard()),
      };
    },
    async settled() {
      const bundles: SettledBundle[] = [];
      for (const entry of await entriesOf(folder)) {
        // Left by a signer that was killed while it wrote: nobody else writes here.
        if (isTemporaryName(entry)) await rm(join(folder, entry), { force: true });
        const name = settledName.exec(entry)?.[1];
        if (name !== undefined) bundles.push({ name, digest: await hashFile(join(folder, entry)) });
      }
      return bundles;
    },
    release,
    discard: (name) => rm(settledPath(name), { force: true }),
  };
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    throw storageError(`read the folder ${folder}`, cause);
  }
}

async function hashFile(path: string) {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (cause) {
    throw storageError(`read ${path}`, cause);
  }
  return parseDigest(`sha256:${hash.digest('hex')}`);
}
