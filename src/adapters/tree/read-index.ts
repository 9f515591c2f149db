import { readFile } from 'node:fs/promises';
import { type ContentsIndex, indexLimit, parseContentsIndex } from '../../tree/contents-index.ts';
import type { ContentsReference } from '../../tree/publication-marker.ts';
import { digestMatches } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { isAbsent, statIfThere } from '../files/atomic-file.ts';
import { storageError } from '../files/storage-error.ts';
import { contentsPath } from './tree-paths.ts';

/** The index that a marker names; undefined when it is not there or not what it must be. */
export async function readIndex(
  tree: string,
  { digest, size }: ContentsReference,
): Promise<ContentsIndex | undefined> {
  const path = contentsPath(tree, digest);
  if (size > indexLimit || statIfThere(path)?.size !== size) return undefined;
  const bytes = await readIfThere(path);
  if (bytes === undefined || !digestMatches(digest, bytes)) return undefined;
  try {
    return parseContentsIndex(bytes);
  } catch (error) {
    if (isSignpostError(error, 'SOURCE_INVALID')) return undefined;
    throw error;
  }
}

/** All of a file; undefined when there is none. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw storageError(`read ${path}`, cause);
  }
}
