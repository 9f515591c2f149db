import type { FileHandle } from 'node:fs/promises';
import { Header, Pax } from 'tar';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { readAt } from '../source-files.ts';
import { parseEntryName, parseLink } from './entry-name.ts';

/** An entry: `start` is where its bytes begin in the tar. Of several with one name nobody can say which counts. */
type TarEntry =
  | { readonly kind: 'file'; readonly start: number; readonly size: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'folder' | 'twice' };

export type TarIndex = ReadonlyMap<string, TarEntry>;

/** What the records before an entry say of it. */
interface Extension {
  readonly path?: string;
  readonly linkpath?: string;
  readonly size?: number;
}

const block = 512;
// Records before an entry hold names and times: nobody needs more.
const extensionLimit = 64 * 1024;
const extensionCount = 4;
const paddingLimit = 1024 * 1024;

/**
 * Finds out where the entries of a plain tar are, by reading nothing but its headers. Each blob is later read from
 * its place and hashed, so that an offset that were wrong could not go unnoticed.
 * @throws SignpostError SOURCE_INVALID for an archive that is damaged, cut off or hostile, LIMIT_EXCEEDED, STORAGE
 */
export async function readTarIndex(
  file: FileHandle,
  size: number,
  entryLimit: number,
  path: string,
): Promise<TarIndex> {
  const index = new Map<string, TarEntry>();
  let extensions: Extension[] = [];
  let position = 0;
  for (let count = 0; ;) {
    const bytes = await readAt(file, position, block, path);
    if (bytes.length < block) throw cutOff(path, size === 0 ? 'it is empty' : 'it has no end');
    if (isZero(bytes)) break;
    const header = parseHeader(bytes, position, path);
    position += block;
    if (isExtension(header.type)) {
      const length = header.size ?? 0;
      if (length > extensionLimit || extensions.length >= extensionCount) {
        throw invalid(path, `the records before the entry at byte ${position} are too long`);
      }
      const body = await readAt(file, position, length, path);
      if (body.length < length) throw cutOff(path, 'a record ends early');
      extensions.push(parseExtension(header.type, body.toString('utf8')));
      position += pad(length);
      continue;
    }
    if (++count > entryLimit) {
      throw new SignpostError('LIMIT_EXCEEDED', `${path} has more than ${entryLimit} entries`);
    }
    const length = within(path, () => addEntry(index, header, Object.assign({}, ...extensions), position));
    extensions = [];
    position += pad(length);
    if (position > size) throw cutOff(path, `the entry ${quote(header.path)} ends after byte ${size}`);
  }
  if (extensions.length > 0) throw invalid(path, 'a record at its end belongs to no entry');
  await checkEnd(file, position, size, path);
  return index;
}

/** Adds an entry; returns how many bytes of content follow. */
function addEntry(index: Map<string, TarEntry>, header: Header, extension: Extension, start: number): number {
  const path = extension.path ?? header.path ?? '';
  const size = extension.size ?? header.size ?? -1;
  if (!Number.isSafeInteger(size) || size < 0) throw refuse(`the entry ${quote(path)} has no size`);
  const { type } = header;
  const name = parseEntryName(path);
  if (type === 'Directory') {
    if (index.get(name)?.kind !== 'folder') addOnce(index, name, { kind: 'folder' });
    return 0;
  }
  if (type === 'SymbolicLink' || type === 'Link') {
    const target = parseLink(name, extension.linkpath ?? header.linkpath ?? '', type === 'Link');
    addOnce(index, name, { kind: 'link', target });
    return 0;
  }
  if (type !== 'File' && type !== 'OldFile') {
    throw refuse(`the entry ${quote(path)} is neither a file nor a folder but ${quote(type)}`);
  }
  addOnce(index, name, { kind: 'file', start, size });
  return size;
}

// Readers of tar do not agree on which of two entries with one name counts. It matters only when it is read.
function addOnce(index: Map<string, TarEntry>, name: string, entry: TarEntry): void {
  index.set(name, index.has(name) ? { kind: 'twice' } : entry);
}

function parseHeader(bytes: Buffer, position: number, path: string): Header {
  let header: Header;
  try {
    header = new Header(bytes);
  } catch (cause) {
    throw new SignpostError(
      'SOURCE_INVALID',
      `${path}: no tar header at byte ${position}: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (header.cksumValid) return header;
  throw invalid(
    path,
    position === 0 ? 'it is not a tar archive' : `there is no tar header at byte ${position}`,
  );
}

function isExtension(type: Header['type']): boolean {
  return (
    type === 'ExtendedHeader' ||
    type === 'GlobalExtendedHeader' ||
    type === 'NextFileHasLongPath' ||
    type === 'NextFileHasLongLinkpath'
  );
}

function parseExtension(type: Header['type'], body: string): Extension {
  if (type === 'NextFileHasLongPath') return { path: body.replace(/\0.*$/s, '') };
  if (type === 'NextFileHasLongLinkpath') return { linkpath: body.replace(/\0.*$/s, '') };
  // POSIX pax, "global": comments and times for all that follows, which concern nobody here.
  if (type === 'GlobalExtendedHeader') return {};
  const { path, linkpath, size } = Pax.parse(body);
  return {
    ...(path === undefined ? {} : { path }),
    ...(linkpath === undefined ? {} : { linkpath }),
    ...(size === undefined ? {} : { size }),
  };
}

// POSIX: two blocks of zeros end an archive; then there is padding. Without them it has been cut off.
async function checkEnd(file: FileHandle, position: number, size: number, path: string): Promise<void> {
  if (size - position < 2 * block) throw cutOff(path, 'its end is missing');
  if (size - position > paddingLimit) throw invalid(path, 'there is more after its end');
  const rest = await readAt(file, position, size - position, path);
  if (!isZero(rest)) throw invalid(path, 'there is more after its end');
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

function pad(length: number): number {
  return Math.ceil(length / block) * block;
}

function within<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new SignpostError('SOURCE_INVALID', `${path}: ${(cause as Error).message}`, { cause });
  }
}

function refuse(message: string): SignpostError {
  return new SignpostError('SOURCE_INVALID', message);
}

function invalid(path: string, message: string): SignpostError {
  return new SignpostError('SOURCE_INVALID', `${path}: ${message}`);
}

function cutOff(path: string, message: string): SignpostError {
  return new SignpostError('SOURCE_INVALID', `${path} is not whole: ${message}`);
}
