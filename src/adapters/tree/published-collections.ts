import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { SignpostError } from '../../oci/errors.ts';
import { type RegistryHost, isRepositoryName } from '../../oci/reference.ts';
import { storageError } from '../files/storage-error.ts';
import type { Collection } from '../../trust/notary-v1/names.ts';

const countLimit = 100_000;
const ending = '/_trust/tuf/root.json';

/**
 * The Notary v1 collections that a tree holds for a registry, sorted by name.
 * @throws SignpostError STORAGE, LIMIT_EXCEEDED
 */
export async function listCollections(tree: string, registry: RegistryHost): Promise<readonly Collection[]> {
  const cwd = join(tree, 'v2', registry);
  const names: string[] = [];
  try {
    for await (const path of glob(`**${ending}`, { cwd })) {
      if (path.endsWith(ending)) names.push(path.slice(0, -ending.length));
      if (names.length > countLimit) {
        throw new SignpostError('LIMIT_EXCEEDED', `${cwd} holds more than ${countLimit} collections`);
      }
    }
  } catch (cause) {
    throw cause instanceof SignpostError ? cause : storageError(`list ${cwd}`, cause);
  }
  return names
    .filter(isRepositoryName)
    .sort()
    .map((repository) => ({ registry, repository }));
}
