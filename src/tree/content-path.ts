import { printPullPath, splitPullPath } from '../oci/pull-path.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { type RepositoryName, isRegistryHost, isRepositoryName } from '../oci/reference.ts';
import { parseTypedName } from './typed-manifest.ts';

declare const brand: unique symbol;

/** The path of a file of the tree, below its folder: it is safe to join. Only {@link parseContentPath} makes one. */
type ContentPath = string & { readonly [brand]: 'ContentPath' };

/** What a file of the tree is, by its path alone. */
export interface FoundContentPath {
  readonly path: ContentPath;
  readonly kind: 'blob' | 'manifest' | 'referrers' | 'signature' | 'metadata';
  /** Undefined for TUF metadata, which is about all of them. */
  readonly repository?: RepositoryName;
  /** Where the path has the digest of the bytes. */
  readonly digest?: Digest;
  /** Where the pull API has the same bytes, when it knows no such path. */
  readonly from?: string;
}

const pathLimit = 1024;
const signaturePattern = /^signatures\/([^@]+)@sha256=[0-9a-f]{64}\/signature-[1-9][0-9]{0,2}$/;
const notaryMiddle = '/_trust/tuf/';
const notaryFilePattern = /^(?:targets\/)?[a-z0-9]{1,32}(?:\.[a-z0-9]{1,64}){0,2}\.json$/;
const tufPattern = /^tuf\/(?:timestamp|[1-9][0-9]{0,14}\.[a-z0-9][a-z0-9._~-]{0,220})\.json$/;

/** Reads a path that a contents list names; undefined when no file of the tree has such a path. It never throws. */
export function parseContentPath(text: string): FoundContentPath | undefined {
  if (text.length > pathLimit) return undefined;
  const path = text as ContentPath;
  if (text.startsWith('v2/')) return parsePull(path) ?? parseNotary(path);
  if (text.startsWith('tuf/')) return tufPattern.test(text) ? { path, kind: 'metadata' } : undefined;
  const repository = signaturePattern.exec(text)?.[1];
  if (repository === undefined || !isRepositoryName(repository)) return undefined;
  return { path, kind: 'signature', repository };
}

const pullKinds: ReadonlyMap<string, 'blob' | 'manifest' | 'referrers'> = new Map([
  ['blobs', 'blob'],
  ['manifests', 'manifest'],
  ['referrers', 'referrers'],
]);

function parsePull(path: ContentPath): FoundContentPath | undefined {
  const parts = splitPullPath(path.slice('v2/'.length));
  const kind = pullKinds.get(parts?.kind ?? '');
  if (parts === undefined || kind === undefined || !isRepositoryName(parts.repository)) return undefined;
  const { repository, reference: name } = parts;
  const typed = kind === 'manifest' ? parseTypedName(name) : undefined;
  if (typed !== undefined) {
    return { path, kind, repository, digest: typed, from: printPullPath(repository, 'manifests', typed) };
  }
  const digest = name;
  if (!isDigest(digest)) return undefined;
  // An index of referrers is named for what they refer to, not for its own bytes.
  return kind === 'referrers' ? { path, kind, repository } : { path, kind, repository, digest };
}

// `<host>/<repository>/_trust/tuf/<file>`, below `v2/`.
function parseNotary(path: ContentPath): FoundContentPath | undefined {
  const at = path.indexOf(notaryMiddle);
  const slash = path.indexOf('/', 'v2/'.length);
  if (at < 0 || slash < 0 || slash >= at) return undefined;
  const repository = path.slice(slash + 1, at);
  if (!isRegistryHost(path.slice('v2/'.length, slash)) || !isRepositoryName(repository)) return undefined;
  if (!notaryFilePattern.test(path.slice(at + notaryMiddle.length))) return undefined;
  return { path, kind: 'metadata', repository };
}
