import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { MetadataFormat } from './metadata-file.ts';
import { isImmutable, parseNotaryPath } from './notary-v1/names.ts';
import { parseMetadataFile } from './tuf/names.ts';

declare const brand: unique symbol;

/** Where a file of metadata lies in the tree, below its folder. Only {@link findMetadataPath} makes one. */
export type MetadataPath = string & { readonly [brand]: 'MetadataPath' };

export interface FoundMetadataPath {
  readonly path: MetadataPath;
  /** The name says the version or the hash: the content never changes. */
  readonly immutable: boolean;
}

/**
 * Where a format's file lies in the tree, which is where clients ask for it: TUF below `tuf/`, Notary v1 below `v2/`.
 * Undefined when the format has no such file.
 */
export function findMetadataPath(format: MetadataFormat, file: string): FoundMetadataPath | undefined {
  if (format === 'tuf') {
    const name = parseMetadataFile(file);
    return name && { path: `tuf/${file}` as MetadataPath, immutable: name.version !== undefined };
  }
  const name = parseNotaryPath(file);
  return name && { path: `v2/${file}` as MetadataPath, immutable: isImmutable(name.file) };
}

/**
 * A file below `tuf/` whose name a client of TUF has made, of whatever role: nothing of it is a path.
 * @throws SignpostError REQUEST_INVALID
 */
export function tufPath(file: string): MetadataPath {
  if (/^[A-Za-z0-9%!'()*._~-]{1,2000}$/.test(file) && file !== '.' && file !== '..') {
    return `tuf/${file}` as MetadataPath;
  }
  throw new SignpostError('REQUEST_INVALID', `${quote(file)} is no file of TUF metadata`);
}

/** @throws SignpostError REQUEST_INVALID */
export function metadataPath(format: MetadataFormat, file: string): MetadataPath {
  const found = findMetadataPath(format, file);
  if (found !== undefined) return found.path;
  throw new SignpostError('REQUEST_INVALID', `${quote(file)} is no file of ${format} metadata`);
}
