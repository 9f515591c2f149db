import { printPullPath } from '../../oci/pull-path.ts';
import { join } from 'node:path';
import { type Digest, digestHex } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';

// Only branded values come in here: their parsers let through neither "..", nor an empty part, nor a leading dot.

/** Where a manifest lies below the tree's folder (design: "The tree"). */
export function manifestPath(tree: string, repository: RepositoryName, digest: Digest): string {
  return join(tree, printPullPath(repository, 'manifests', digest));
}

export function blobPath(tree: string, repository: RepositoryName, digest: Digest): string {
  return join(tree, printPullPath(repository, 'blobs', digest));
}

/** The folder of a repository's indexes of referrers, each named for the digest that is referred to. */
export function referrersFolder(tree: string, repository: RepositoryName): string {
  return join(tree, 'v2', repository, 'referrers');
}

/** The folder of a digest's lookaside signatures (containers/image, docs/signature-protocols.md): `name@sha256=<hex>`. */
export function signatureFolder(tree: string, repository: RepositoryName, digest: Digest): string {
  return join(tree, 'signatures', `${repository}@sha256=${digestHex(digest)}`);
}

export function signatureName(number: number): string {
  return `signature-${number}`;
}

export function markerPath(tree: string): string {
  return join(tree, 'publication.json');
}

/** The folder of the contents lists (docs/adr/0014), each named for its bytes. */
export function contentsFolder(tree: string): string {
  return join(tree, 'contents');
}

export function contentsPath(tree: string, digest: Digest): string {
  return join(contentsFolder(tree), digest);
}

/** Folders of the staging area, and where a digest lies in them. */
export function stagingPaths(staging: string) {
  const blobs = join(staging, 'blobs', 'sha256');
  const manifests = join(staging, 'manifests', 'sha256');
  const partials = join(staging, 'partial');
  return {
    blobs,
    manifests,
    partials,
    blob: (digest: Digest) => join(blobs, digestHex(digest)),
    manifest: (digest: Digest) => join(manifests, digestHex(digest)),
    partial: (digest: Digest) => join(partials, digestHex(digest)),
  };
}
