import { splitPullPath } from '../../oci/pull-path.ts';
import { type Digest, isDigest, quote } from '../../oci/digest.ts';
import { type RepositoryName, type TagName, isRepositoryName, isTagName } from '../../oci/reference.ts';
import type { MetadataFormat } from '../../trust/metadata-file.ts';
import { type FoundMetadataPath, findMetadataPath } from '../../trust/metadata-path.ts';
import { type OciError, ociError } from './oci-error.ts';
import { queryValue } from './query.ts';

/** What a request is for. The handlers see only this: no raw path goes any deeper. */
export type RequestPath =
  | { readonly kind: 'base' }
  | { readonly kind: 'health' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'manifest-by-tag'; readonly repository: RepositoryName; readonly tag: TagName }
  | { readonly kind: 'manifest'; readonly repository: RepositoryName; readonly digest: Digest }
  | { readonly kind: 'blob'; readonly repository: RepositoryName; readonly digest: Digest }
  /** The Metalink of a blob, by its own name. */
  | { readonly kind: 'metalink'; readonly repository: RepositoryName; readonly digest: Digest }
  /** Why a blob would be answered as it would. */
  | { readonly kind: 'trace'; readonly repository: RepositoryName; readonly digest: Digest }
  /** The mirrors that have a repository. */
  | { readonly kind: 'mirror-list'; readonly repository: RepositoryName }
  /** All public mirrors. */
  | { readonly kind: 'mirrors' }
  | { readonly kind: 'tags'; readonly repository: RepositoryName; readonly query: string }
  | {
      readonly kind: 'referrers';
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly query: string;
    }
  | { readonly kind: 'signatures'; readonly repository: RepositoryName; readonly digest: Digest }
  | {
      readonly kind: 'lookaside';
      readonly repository: RepositoryName;
      readonly digest: Digest;
      /** From 1 on. */
      readonly index: number;
    }
  /** How far the tree is. */
  | { readonly kind: 'marker' }
  /** What is in the tree, or in one repository of it. */
  | { readonly kind: 'contents'; readonly digest: Digest }
  /** A file of TUF or Notary v1 metadata. */
  | { readonly kind: 'metadata'; readonly file: FoundMetadataPath }
  | { readonly kind: 'refused'; readonly error: OciError };

/** The longest target that can name anything: a repository, a digest, the words between, and a query. */
const targetLimit = 2048;

const unknownPath = refuse(404, 'UNSUPPORTED', 'this path is no part of the registry API');
const tooLong = refuse(414, 'NAME_INVALID', `the request target is longer than ${targetLimit} characters`);
const badEscape = refuse(400, 'NAME_INVALID', 'the path has a percent-encoding that is not allowed');

// A digest by the grammar of image-spec 1.1, descriptor.md, whose algorithm nothing here is published under.
const otherDigestPattern = /^[a-z0-9]{1,32}(?:[+._-][a-z0-9]{1,32}){0,4}:[a-zA-Z0-9=_-]{32,200}$/;
const lookasidePattern = /^signature-([1-9][0-9]{0,2})$/;

/** Reads a request target (RFC 9112, section 3.2) once, from its last part to its first. It never throws. */
export function parseRequestPath(target: string): RequestPath {
  if (target.length > targetLimit) return tooLong;
  const question = target.indexOf('?');
  let path = question < 0 ? target : target.slice(0, question);
  if (!path.startsWith('/')) path = pathOfAbsoluteForm(path);
  if (path.includes('%')) {
    const decoded = decodePath(path);
    if (decoded === undefined) return badEscape;
    path = decoded;
  }
  const query = question < 0 ? '' : target.slice(question + 1);
  if (path.includes('/_trust/tuf/')) return parseMetadata('notary', '/v2/', path);
  if (path.startsWith('/v2/')) return path.length === 4 ? base : parsePull(path.slice(4), query);
  switch (path) {
    case '/v2':
      return base;
    case '/healthz':
      return { kind: 'health' };
    case '/readyz':
      return { kind: 'ready' };
    case '/mirrors.json':
      return { kind: 'mirrors' };
    case '/publication.json':
      return { kind: 'marker' };
    default:
      break;
  }
  if (path.startsWith('/extensions/v2/')) return parseExtension(path.slice('/extensions/v2/'.length));
  if (path.startsWith('/signatures/')) return parseLookaside(path.slice('/signatures/'.length));
  if (path.startsWith('/mirrors/')) return parseMirrorList(path.slice('/mirrors/'.length));
  if (path.startsWith('/contents/')) return parseContents(path.slice('/contents/'.length));
  if (path.startsWith('/tuf/')) return parseMetadata('tuf', '/tuf/', path);
  return unknownPath;
}

const base: RequestPath = { kind: 'base' };

/** `<name>/<what>/<reference>`. */
function parsePull(path: string, query: string): RequestPath {
  const parts = splitPullPath(path);
  if (parts === undefined) return unknownPath;
  const { repository, kind: what, reference } = parts;
  if (what !== 'blobs' && what !== 'manifests' && what !== 'tags' && what !== 'referrers') return unknownPath;
  if (!isRepositoryName(repository)) return badName(repository);
  switch (what) {
    case 'blobs':
      return parseBlob(repository, reference, query);
    case 'manifests':
      if (isDigest(reference)) return { kind: 'manifest', repository, digest: reference };
      if (isTagName(reference)) return { kind: 'manifest-by-tag', repository, tag: reference };
      // What cannot be a tag is one that does not exist; what has a colon was meant as a digest.
      return reference.includes(':')
        ? badDigest(reference, 'MANIFEST_UNKNOWN')
        : refuse(404, 'MANIFEST_UNKNOWN', `${quote(reference)} cannot be a tag`);
    case 'tags':
      return reference === 'list' ? { kind: 'tags', repository, query } : unknownPath;
    case 'referrers':
      return isDigest(reference)
        ? { kind: 'referrers', repository, digest: reference, query }
        : badDigest(reference, 'MANIFEST_UNKNOWN');
  }
}

/** `<digest>`, `<digest>.meta4` or `<digest>?trace`. */
function parseBlob(repository: RepositoryName, reference: string, query: string): RequestPath {
  if (isDigest(reference)) {
    const traced = query !== '' && queryValue(query, 'trace') !== undefined;
    return { kind: traced ? 'trace' : 'blob', repository, digest: reference };
  }
  const digest = reference.endsWith('.meta4') ? reference.slice(0, -'.meta4'.length) : reference;
  return isDigest(digest) ? { kind: 'metalink', repository, digest } : badDigest(reference, 'BLOB_UNKNOWN');
}

/** `/mirrors/<name>`. */
function parseMirrorList(repository: string): RequestPath {
  return isRepositoryName(repository) ? { kind: 'mirror-list', repository } : badName(repository);
}

/** `/contents/<digest>`. */
function parseContents(digest: string): RequestPath {
  return isDigest(digest) ? { kind: 'contents', digest } : badDigest(digest, 'MANIFEST_UNKNOWN');
}

/** `<name>/signatures/<digest>`: the signature extension that containers/image reads. */
function parseExtension(path: string): RequestPath {
  const parts = splitPullPath(path);
  if (parts?.kind !== 'signatures') return unknownPath;
  const { repository, reference: digest } = parts;
  if (!isRepositoryName(repository)) return badName(repository);
  return isDigest(digest)
    ? { kind: 'signatures', repository, digest }
    : badDigest(digest, 'MANIFEST_UNKNOWN');
}

/** `<name>@sha256=<hex>/signature-<n>`: the lookaside of containers/image. */
function parseLookaside(path: string): RequestPath {
  const last = path.lastIndexOf('/');
  const at = path.indexOf('@');
  const index = lookasidePattern.exec(path.slice(last + 1))?.[1];
  if (at <= 0 || last < at || index === undefined) return unknownPath;
  const repository = path.slice(0, at);
  const written = path.slice(at + 1, last);
  const digest = written.startsWith('sha256=') ? `sha256:${written.slice('sha256='.length)}` : written;
  if (!isRepositoryName(repository)) return badName(repository);
  return isDigest(digest)
    ? { kind: 'lookaside', repository, digest, index: Number(index) }
    : badDigest(written, 'MANIFEST_UNKNOWN');
}

/** `/tuf/<file>`, or what Notary v1 asks for: `/v2/<host>/<name>/_trust/tuf/<file>`. */
function parseMetadata(format: MetadataFormat, start: string, path: string): RequestPath {
  const file = path.startsWith(start) ? findMetadataPath(format, path.slice(start.length)) : undefined;
  return file === undefined ? unknownPath : { kind: 'metadata', file };
}

/** RFC 9112, section 3.2.2: a server must take `http://host/path` too. The host changes nothing here. */
function pathOfAbsoluteForm(target: string): string {
  const scheme = /^https?:\/\//i.exec(target)?.[0];
  const slash = scheme === undefined ? -1 : target.indexOf('/', scheme.length);
  return slash < 0 ? '' : target.slice(slash);
}

/** Decodes once. An encoded slash, backslash, NUL or percent sign would mean one thing here and another elsewhere. */
function decodePath(path: string): string | undefined {
  if (/%(?:2f|5c|00|25)/i.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function badName(name: string): RequestPath {
  return refuse(400, 'NAME_INVALID', `${quote(name)} is not a repository name`);
}

function badDigest(text: string, unknown: 'BLOB_UNKNOWN' | 'MANIFEST_UNKNOWN'): RequestPath {
  if (!text.startsWith('sha256:') && otherDigestPattern.test(text)) {
    return refuse(404, unknown, `${quote(text)} is not known: only sha256 digests are published`);
  }
  return refuse(400, 'DIGEST_INVALID', `${quote(text)} is not a digest`);
}

function refuse(status: number, code: OciError['code'], message: string): RequestPath {
  return { kind: 'refused', error: ociError(status, code, message) };
}
