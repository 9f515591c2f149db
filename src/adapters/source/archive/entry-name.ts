import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';

const nameLimit = 512;

/**
 * The name of an archive's entry in its plain form. Any name is harmless, since nothing is ever unpacked under it, but one
 * that tries to leave the archive shows what the archive is for.
 * @throws SignpostError SOURCE_INVALID
 */
export function parseEntryName(path: string): string {
  if (path === '' || Buffer.byteLength(path) > nameLimit) {
    throw invalid(`an entry's name has ${Buffer.byteLength(path)} bytes: expected 1 to ${nameLimit}`);
  }
  if (path.startsWith('/')) throw invalid(`the entry ${quote(path)} has an absolute path`);
  if (path.split('/').includes('..')) throw invalid(`the entry ${quote(path)} leads out of the archive`);
  return plainName(path);
}

/** A name without what means nothing: `./a//b/` is `a/b`. */
export function plainName(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/**
 * Where a link leads: the name of another entry. A hard link's target is a name, a symbolic link's is seen from its folder.
 * @throws SignpostError SOURCE_INVALID for one that leads out of the archive, or to itself
 */
export function parseLink(name: string, target: string, hard: boolean): string {
  const parts = hard ? [] : name.split('/').slice(0, -1);
  let leaves = target === '' || target.startsWith('/') || Buffer.byteLength(target) > nameLimit;
  for (const part of plainName(target).split('/')) {
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) leaves = true;
  }
  const found = parts.join('/');
  if (!leaves && found !== name && found !== '') return found;
  throw invalid(
    `the entry ${quote(name)} is a link to ${quote(target)}: expected another entry of the same archive`,
  );
}

function invalid(message: string): SignpostError {
  return new SignpostError('SOURCE_INVALID', message);
}
