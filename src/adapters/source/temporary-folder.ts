import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SignpostError } from '../../oci/errors.ts';

/** A folder that is made when first needed. */
export interface TemporaryFolder {
  /** A path in it that is not taken. @throws SignpostError STORAGE */
  newFile(name: string): Promise<string>;
  /** Removes it with everything in it. */
  remove(): Promise<void>;
}

/** A folder inside `parent`, which exists. */
export function createTemporaryFolder(parent: string): TemporaryFolder {
  let made: Promise<string> | undefined;
  let count = 0;
  return {
    newFile: async (name) => {
      made ??= mkdtemp(join(parent, 'source-'));
      try {
        return join(await made, `${count++}-${name}`);
      } catch (cause) {
        throw new SignpostError('STORAGE', `cannot make a folder in ${parent}: ${(cause as Error).message}`, {
          cause,
        });
      }
    },
    remove: async () => {
      const folder = await made?.catch(() => undefined);
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
