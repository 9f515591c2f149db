import { type Digest, isDigest, quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { type FoundContentPath, parseContentPath } from './content-path.ts';

/** Whose files a list names: a repository's, or those of the TUF metadata, which is about all of them. */
export type ListOwner = RepositoryName | 'metadata';

/** One file of the tree. */
export interface ContentFile extends FoundContentPath {
  /** In bytes; undefined for the one file that changes without a publication, the TUF timestamp. */
  readonly size?: number;
}

/** A list's first line. */
export function formatListHead(owner: ListOwner): string {
  return owner === 'metadata' ? 'signpost-metadata 1' : `signpost-contents 1 ${owner}`;
}

/**
 * A list's line of one file: the path, the size, and the digest where the path does not have it. The path comes
 * first and is whole, so that `cut -d ' ' -f 1` makes of a list what other programs take for one.
 */
export function formatContentLine({ path, size, digest }: ContentFile): string {
  if (size === undefined || digest === undefined) return `${path} -`;
  return path.includes(`/${digest}`) ? `${path} ${size}` : `${path} ${size} ${digest}`;
}

/**
 * Reads a line of the list of `owner`.
 * @throws SignpostError SOURCE_INVALID when it names no file of the owner, or not as it must
 */
export function parseContentLine(line: string, owner: ListOwner): ContentFile {
  const [path = '', size = '', named, ...more] = line.split(' ');
  const found = parseContentPath(path);
  const own = owner === 'metadata' ? undefined : owner;
  if (found === undefined || found.repository !== own || more.length > 0) throw invalid(line, owner);
  if (size === '-' && named === undefined && path === timestampPath) return found;
  const digest: Digest | string | undefined = found.digest ?? named;
  const right =
    /^[0-9]{1,15}$/.test(size) && isDigest(digest) && (found.digest === undefined || named === undefined);
  if (!right) throw invalid(line, owner);
  return { ...found, size: Number(size), digest };
}

/** It is signed anew without a publication, so no list can say its digest. */
export const timestampPath = 'tuf/timestamp.json';

function invalid(line: string, owner: ListOwner): SignpostError {
  return new SignpostError('SOURCE_INVALID', `the contents list of ${owner} has the line ${quote(line)}`);
}
