import { type Digest, parseDigest, quote } from './digest.ts';
import { SignpostError } from './errors.ts';

declare const brand: unique symbol;

/** A repository's path on the registry, without the host: `fedora/base`. */
export type RepositoryName = string & { readonly [brand]: 'RepositoryName' };
/** A tag: `41`, `latest`. */
export type TagName = string & { readonly [brand]: 'TagName' };
/** A registry's host name with an optional port, as written in references: `images.example.org`, `[::1]:5000`. */
export type RegistryHost = string & { readonly [brand]: 'RegistryHost' };

/** A repository with a tag. */
export interface TaggedReference {
  readonly repository: RepositoryName;
  readonly tag: TagName;
}
/** A repository with a digest. */
export interface DigestReference {
  readonly repository: RepositoryName;
  readonly digest: Digest;
}

// distribution-spec 1.1, "Pulling manifests": <name> and <reference>. Clients cap host and name at 255 together.
const repositoryPattern =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const repositoryLimit = 200;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
// cosign's `sha256-<hex>.sig` and its kin, and the referrers tag of distribution-spec 1.1.
const artifactTagPattern = /^sha256-[0-9a-f]{64}(?:\.[a-z]{1,16})?$/;
const hostPattern =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]{2,45}\])(?::[0-9]{1,5})?$/;

export function isRepositoryName(text: string): text is RepositoryName {
  // The length is checked first, so that the pattern never sees a long hostile name.
  return text.length <= repositoryLimit && repositoryPattern.test(text);
}

export function isTagName(text: string): text is TagName {
  return tagPattern.test(text);
}

/**
 * Whether a tag is one that carries signatures and the like for clients that find them by a name made of the digest:
 * such tags are never pulled by hand.
 */
export function isArtifactTag(tag: TagName): boolean {
  return artifactTagPattern.test(tag);
}

/** The digest that such a tag is about; undefined for any other tag. */
export function artifactSubject(tag: TagName): Digest | undefined {
  return isArtifactTag(tag) ? parseDigest(`sha256:${tag.slice(7, 71)}`) : undefined;
}

/** @throws SignpostError REFERENCE_INVALID */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text;
  throw new SignpostError(
    'REFERENCE_INVALID',
    `${quote(text)} is not a repository name: expected lower-case words separated by "/", "-", "." or "_", ` +
      `at most ${repositoryLimit} characters, such as "fedora/base"`,
  );
}

/** @throws SignpostError REFERENCE_INVALID */
export function parseTagName(text: string): TagName {
  if (isTagName(text)) return text;
  throw new SignpostError(
    'REFERENCE_INVALID',
    `${quote(text)} is not a tag: expected at most 128 letters, digits, "_", "." or "-", not starting with "." or "-"`,
  );
}

export function isRegistryHost(text: string): text is RegistryHost {
  return text.length <= 255 && hostPattern.test(text);
}

/** @throws SignpostError REFERENCE_INVALID */
export function parseRegistryHost(text: string): RegistryHost {
  if (isRegistryHost(text)) return text;
  throw new SignpostError(
    'REFERENCE_INVALID',
    `${quote(text)} is not a registry host: expected a name and an optional port, such as "images.example.org:5000"`,
  );
}

/**
 * Reads `repository:tag`.
 * @throws SignpostError REFERENCE_INVALID
 */
export function parseTaggedReference(text: string): TaggedReference {
  const colon = text.lastIndexOf(':');
  if (text.includes('@') || colon <= text.lastIndexOf('/')) {
    throw new SignpostError(
      'REFERENCE_INVALID',
      `${quote(text)} names no tag: expected <repository>:<tag>, such as "fedora/base:41"`,
    );
  }
  return { repository: parseRepositoryName(text.slice(0, colon)), tag: parseTagName(text.slice(colon + 1)) };
}

/**
 * Reads `repository@sha256:<hex>`.
 * @throws SignpostError REFERENCE_INVALID
 */
export function parseDigestReference(text: string): DigestReference {
  const at = text.indexOf('@');
  if (at < 0) {
    throw new SignpostError(
      'REFERENCE_INVALID',
      `${quote(text)} names no digest: expected <repository>@sha256:<hex>`,
    );
  }
  return { repository: parseRepositoryName(text.slice(0, at)), digest: parseDigest(text.slice(at + 1)) };
}

/** `repository:tag`. */
export function formatTaggedReference(reference: TaggedReference): string {
  return `${reference.repository}:${reference.tag}`;
}
