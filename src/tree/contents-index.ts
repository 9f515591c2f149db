import { type Digest, isDigest, quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { type RepositoryName, isRepositoryName } from '../oci/reference.ts';
import type { ContentsReference } from './publication-marker.ts';

/** A repository's own contents list, and the last publication that changed the repository. */
interface RepositoryContents extends ContentsReference {
  readonly serial: number;
}

/** What a whole tree holds. */
export interface ContentsIndex {
  readonly serial: number;
  /** The list of the TUF metadata; undefined when there is none. */
  readonly metadata?: ContentsReference;
  /** Sorted by name. */
  readonly repositories: ReadonlyMap<RepositoryName, RepositoryContents>;
}

/** The most that an index may have, in bytes; 100,000 repositories take about 13 MB. */
export const indexLimit = 64 * 1024 * 1024;
/** The most repositories that an index may have: all of them are held in memory. */
const repositoriesLimit = 500_000;
/** The most that a list may have, in bytes: five million files with the usual names. */
export const listLimit = 1024 * 1024 * 1024;
/** A line has a name of 255 characters, a digest and two numbers at most. */
const lineLimit = 512;

const headPattern = /^signpost-index 1 ([0-9]{1,16})$/;

/** The index as it is written: one line for each repository, so that it can be read as a stream and by a script. */
export function formatContentsIndex({ serial, metadata, repositories }: ContentsIndex): Uint8Array {
  const lines = [`signpost-index 1 ${serial}`];
  if (metadata !== undefined) lines.push(`metadata ${metadata.digest} ${metadata.size}`);
  for (const [name, { serial: changed, digest, size }] of repositories) {
    lines.push(`repository ${name} ${changed} ${digest} ${size}`);
  }
  return Buffer.from(`${lines.join('\n')}\n`);
}

/**
 * Reads an index. It is not believed to be well-formed only because its digest is right.
 * @throws SignpostError SOURCE_INVALID
 */
export function parseContentsIndex(bytes: Uint8Array): ContentsIndex {
  const lines = linesOf(bytes);
  const head = lines.next().value ?? '';
  const serial = Number(headPattern.exec(head)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(serial)) throw invalid(head);
  const repositories = new Map<RepositoryName, RepositoryContents>();
  let metadata: ContentsReference | undefined;
  let last = '';
  for (const line of lines) {
    const [kind, ...fields] = line.split(' ');
    if (kind === 'metadata' && metadata === undefined && repositories.size === 0 && fields.length === 2) {
      metadata = parseReference(fields[0], fields[1], line);
      continue;
    }
    const [name = '', changed = '', digest, size] = fields;
    // Sorted, and so none of them twice.
    const right = kind === 'repository' && fields.length === 4 && isRepositoryName(name) && name > last;
    if (!right || !isCount(changed) || Number(changed) > serial) throw invalid(line);
    last = name;
    if (repositories.size === repositoriesLimit) throw tooMany();
    repositories.set(name, { serial: Number(changed), ...parseReference(digest, size, line) });
  }
  return { serial, ...(metadata === undefined ? {} : { metadata }), repositories };
}

/** One after the other: as an array they would take many times the memory of the bytes. */
function* linesOf(bytes: Uint8Array): Generator<string, undefined> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let start = 0;
  while (start < buffer.length) {
    const end = buffer.indexOf(0x0a, start);
    if (end < 0) throw invalid('an end without a line feed');
    if (end - start > lineLimit) throw invalid(buffer.toString('utf8', start, start + lineLimit));
    yield buffer.toString('utf8', start, end);
    start = end + 1;
  }
}

function parseReference(
  digest: string | undefined,
  size: string | undefined,
  line: string,
): { readonly digest: Digest; readonly size: number } {
  if (!isDigest(digest) || size === undefined || !isCount(size)) throw invalid(line);
  if (Number(size) > listLimit) {
    throw new SignpostError(
      'SOURCE_INVALID',
      `the index of the tree's contents names a list of ${size} bytes: the most is ${listLimit}`,
    );
  }
  return { digest, size: Number(size) };
}

function isCount(text: string): boolean {
  return /^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(Number(text));
}

function tooMany(): SignpostError {
  return new SignpostError(
    'SOURCE_INVALID',
    `the index of the tree's contents names more than ${repositoriesLimit} repositories`,
  );
}

function invalid(line: string): SignpostError {
  return new SignpostError('SOURCE_INVALID', `the index of the tree's contents has the line ${quote(line)}`);
}
