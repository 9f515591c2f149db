import { type Digest, parseDigest, quote } from './digest.ts';
import { SignpostError } from './errors.ts';
import {
  parseRegistryHost,
  parseRepositoryName,
  parseTagName,
  type RegistryHost,
  type RepositoryName,
  type TagName,
} from './reference.ts';

/** An image in a registry. */
export interface RegistryImageName {
  readonly kind: 'registry';
  readonly host: RegistryHost;
  readonly repository: RepositoryName;
  readonly reference: TagName | Digest;
}

/**
 * An image in an OCI image layout: a folder or a tar. It is named by its ref name in index.json, by its digest, or by its
 * position in index.json, from 0; or not at all.
 */
export interface LayoutImageName {
  readonly kind: 'oci';
  readonly path: string;
  readonly ref?: string;
  readonly digest?: Digest;
  readonly position?: number;
}

/** An image in what `docker save` writes. `ref` is `repository:tag`, `position` that in manifest.json, from 0. */
export interface DockerArchiveName {
  readonly kind: 'docker-archive';
  readonly path: string;
  readonly ref?: string;
  readonly position?: number;
}

/** An image in the store of containers' tools or of a docker daemon. `ref` is its name there. */
export interface StoredImageName {
  readonly kind: 'containers-storage' | 'docker-daemon';
  readonly ref: string;
}

/** Where an image is copied from, as the containers tools write it (containers-transports(5)). */
export type ImageSourceName = RegistryImageName | LayoutImageName | DockerArchiveName | StoredImageName;

const pathLimit = 4096;
// image-spec 1.1, annotations.md, org.opencontainers.image.ref.name: `component ("/" component)*`; docker's names fit.
const refPattern =
  /^[A-Za-z0-9]+(?:(?:[-._:@+]|--|__)[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:(?:[-._:@+]|--|__)[A-Za-z0-9]+)*)*$/;
const refLimit = 512;
const positionPattern = /^@([0-9]{1,6})$/;

/**
 * Reads `docker://host[:port]/repository[:tag|@digest]` (the tag is "latest" when none is given),
 * `oci:<folder or tar>[:<ref>|@<digest>|:@<position>]`, `oci-archive:` with the same, or
 * `docker-archive:<file>[:<repository>:<tag>|:@<position>]`, and `containers-storage:` and `docker-daemon:` with the name or
 * the ID of an image there.
 * @throws SignpostError REFERENCE_INVALID
 */
export function parseImageSource(text: string): ImageSourceName {
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  switch (text.slice(0, Math.max(colon, 0))) {
    case 'docker':
      return parseRegistryImage(text, rest);
    case 'oci':
    case 'oci-archive':
      return { kind: 'oci', ...parseLayoutName(text, rest) };
    case 'containers-storage':
      return { kind: 'containers-storage', ref: parseStoredRef(text, rest) };
    case 'docker-daemon':
      return { kind: 'docker-daemon', ref: parseStoredRef(text, rest) };
    case 'docker-archive':
      return { kind: 'docker-archive', ...parsePathAndRef(text, rest) };
    default:
      throw invalid(
        text,
        'expected "docker://<host>/<repository>:<tag>", "oci:<folder or tar>[:<ref>|@<digest>|:@<position>]", ' +
          '"docker-archive:<file>[:<repository>:<tag>|:@<position>]", "containers-storage:<image>" or "docker-daemon:<image>"',
      );
  }
}

/** The text that {@link parseImageSource} reads. */
export function formatImageSource(name: ImageSourceName): string {
  if (name.kind === 'registry') {
    const separator = name.reference.includes(':') ? '@' : ':';
    return `docker://${name.host}/${name.repository}${separator}${name.reference}`;
  }
  if (!('path' in name)) return `${name.kind}:${name.ref}`;
  const start = `${name.kind}:${name.path}`;
  if (name.ref !== undefined) return `${start}:${name.ref}`;
  if (name.kind === 'oci' && name.digest !== undefined) return `${start}@${name.digest}`;
  return name.position === undefined ? start : `${start}:@${name.position}`;
}

function parseRegistryImage(text: string, rest: string): RegistryImageName {
  if (!rest.startsWith('//')) throw invalid(text, 'expected "//" after "docker:"');
  const slash = rest.indexOf('/', 2);
  const host = rest.slice(2, slash < 0 ? undefined : slash);
  // Docker would take "docker://fedora/base" to mean Docker Hub; guessing a host is no way to name a source.
  if (slash < 0 || !(/[.:]/.test(host) || host === 'localhost')) {
    throw invalid(text, 'it names no registry host: expected "docker://<host>/<repository>:<tag>"');
  }
  const parsed = { kind: 'registry', host: parseRegistryHost(host) } as const;
  const image = rest.slice(slash + 1);
  const at = image.indexOf('@');
  const named = at < 0 ? image : image.slice(0, at);
  const tagColon = named.indexOf(':');
  if (at >= 0 && tagColon >= 0) throw invalid(text, 'it has both a tag and a digest: name one of them');
  const repository = parseRepositoryName(tagColon < 0 ? named : named.slice(0, tagColon));
  if (at >= 0) return { ...parsed, repository, reference: parseDigest(image.slice(at + 1)) };
  const tag = tagColon < 0 ? 'latest' : named.slice(tagColon + 1);
  return { ...parsed, repository, reference: parseTagName(tag) };
}

// The name goes to another program: nothing that could be an option. Before it, in brackets, may be where the store is.
const storedPattern = /^(?:\[[^[\]\p{Cc}\s]{1,1024}\])?[A-Za-z0-9][A-Za-z0-9._:/@+-]*$/u;

function parseStoredRef(text: string, ref: string): string {
  if (ref.length <= pathLimit && storedPattern.test(ref)) return ref;
  throw invalid(text, 'expected the name or the ID of an image, such as "localhost/hello:1"');
}

// "oci:path@sha256:<hex>" as with registries, "oci:path:@sha256:<hex>" and "oci:path:sha256:<hex>" as other tools have it.
const digestEnd = /^([^:]*?)(?:@|:@?)(sha256:[0-9a-f]{64})$/;

function parseLayoutName(text: string, rest: string): Omit<LayoutImageName, 'kind'> {
  const [, path, digest] = digestEnd.exec(rest) ?? [];
  if (path === undefined || digest === undefined) return parsePathAndRef(text, rest);
  return { path: parsePath(text, path), digest: parseDigest(digest) };
}

// The first colon ends the path, as with the containers tools: refs have colons more often than files do.
function parsePathAndRef(text: string, rest: string): { path: string; ref?: string; position?: number } {
  const colon = rest.indexOf(':');
  const path = parsePath(text, colon < 0 ? rest : rest.slice(0, colon));
  if (colon < 0) return { path };
  const ref = rest.slice(colon + 1);
  const position = positionPattern.exec(ref)?.[1];
  if (position !== undefined) return { path, position: Number(position) };
  if (ref.length > refLimit || !refPattern.test(ref)) {
    throw invalid(
      text,
      `${quote(ref)} is not a ref name: expected words separated by one of "/:.-_@+", or "@" and a position`,
    );
  }
  return { path, ref };
}

function parsePath(text: string, path: string): string {
  if (path === '') throw invalid(text, 'it names no file or folder');
  if (path.length > pathLimit || path.includes('\0')) {
    throw invalid(text, `its path is longer than ${pathLimit} characters or has a NUL in it`);
  }
  return path;
}

function invalid(text: string, message: string): SignpostError {
  return new SignpostError('REFERENCE_INVALID', `${quote(text)} is not an image source: ${message}`);
}
