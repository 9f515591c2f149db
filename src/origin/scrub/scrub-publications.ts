import type { Digest } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { blobsOf, parseManifest } from '../../oci/manifest.ts';
import {
  artifactSubject,
  formatTaggedReference,
  isArtifactTag,
  type RepositoryName,
} from '../../oci/reference.ts';
import type { ContentInspector } from '../../ports/content-inspector.ts';
import type { PublishedContent, PublishedTag } from '../../ports/publications.ts';
import type { TreeReader } from '../../ports/tree.ts';
import type { ScrubFindings } from './scrub-report.ts';

export interface PublicationScrub {
  readonly content: PublishedContent;
  readonly tree: TreeReader;
  readonly inspector: ContentInspector;
}

const advice = 'publish the image again with --renew';

/** Checks that everything that is published is in the tree with the right size; the bytes are hashed elsewhere. */
export async function scrubPublications(
  deps: PublicationScrub,
  findings: ScrubFindings,
  signal: AbortSignal,
): Promise<void> {
  const checkSize = async (
    kind: 'manifest' | 'blob',
    { repository, digest, size }: { repository: RepositoryName; digest: Digest; size: number },
  ): Promise<boolean> => {
    const found = await deps.inspector.sizeOf(kind, repository, digest);
    if (found === size) return true;
    const what = found === undefined ? 'is missing' : `has ${found} bytes instead of ${size}`;
    findings.problem(`${repository}@${digest}`, `${kind} ${what}: ${advice}`);
    return false;
  };
  const signed = new Set<string>();
  for await (const manifest of eachOf(deps.content.manifests(), signal)) {
    await checkSize('manifest', manifest);
    if (manifest.subject !== undefined) signed.add(`${manifest.repository}@${manifest.subject}`);
  }
  for await (const blob of eachOf(deps.content.blobs(), signal)) await checkSize('blob', blob);
  for await (const { repository, tag } of eachOf(deps.content.tags(), signal)) {
    const subject = artifactSubject(tag);
    if (subject !== undefined) signed.add(`${repository}@${subject}`);
  }
  const isSigned = async (repository: RepositoryName, digest: Digest) =>
    signed.has(`${repository}@${digest}`) || (await deps.tree.readSignatures(repository, digest)).length > 0;
  for await (const tag of eachOf(deps.content.tags(), signal)) {
    try {
      await scrubTag(deps, findings, tag, { checkSize, isSigned });
    } catch (error) {
      if (!isSignpostError(error)) throw error;
      findings.problem(formatTaggedReference(tag), error.message);
    }
  }
}

// Each row costs a look at the disk: a promise more is nothing.
async function* eachOf<T>(batches: AsyncIterable<readonly T[]>, signal: AbortSignal): AsyncIterable<T> {
  for await (const batch of batches) {
    for (const row of batch) {
      signal.throwIfAborted();
      yield row;
    }
  }
}

interface TagChecks {
  readonly checkSize: (
    kind: 'manifest' | 'blob',
    file: { repository: RepositoryName; digest: Digest; size: number },
  ) => Promise<boolean>;
  /** In any format. */
  readonly isSigned: (repository: RepositoryName, digest: Digest) => Promise<boolean>;
}

// The whole chain from the tag down, by what the manifests themselves say, and not by what the database says of them.
async function scrubTag(
  { tree }: PublicationScrub,
  findings: ScrubFindings,
  { repository, tag, list }: PublishedTag,
  { checkSize, isSigned }: TagChecks,
): Promise<void> {
  const checkSigned = async (digest: Digest) => {
    // A signature is not signed itself.
    if (isArtifactTag(tag) || (await isSigned(repository, digest))) return;
    findings.problem(formatTaggedReference({ repository, tag }), `${digest} has no signature: ${advice}`);
  };
  const root = parseManifest(await tree.readManifest(repository, list));
  await checkSigned(list);
  for (const blob of root.kind === 'image' ? blobsOf(root) : []) {
    await checkSize('blob', { repository, digest: blob.digest, size: blob.size });
  }
  for (const descriptor of root.kind === 'list' ? root.manifests : []) {
    const { digest, size, mediaType } = descriptor;
    await checkSigned(digest);
    if (!(await checkSize('manifest', { repository, digest, size }))) continue;
    const manifest = parseManifest(await tree.readManifest(repository, digest), mediaType);
    if (manifest.kind !== 'image') continue;
    for (const blob of blobsOf(manifest)) {
      await checkSize('blob', { repository, digest: blob.digest, size: blob.size });
    }
  }
}
