import { type Digest, digestMatches } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { type RepositoryName, formatTaggedReference } from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PublishedContent, PublishedTag } from '../../ports/publications.ts';
import type { StagedImages } from '../../ports/staged-images.ts';
import type { Staging } from '../../ports/staging.ts';
import type { TreeReader } from '../../ports/tree.ts';

export interface RenewDeps {
  readonly publishedContent: Pick<PublishedContent, 'tags'>;
  readonly tree: Pick<TreeReader, 'readManifest'>;
  readonly staging: Pick<Staging, 'writeManifest'>;
  readonly stagedImages: StagedImages;
  readonly clock: Clock;
  /** The keys whose signatures for the list are published: fingerprints, or key identifiers of unknown keys. */
  readonly signersOf: (repository: RepositoryName, list: Digest) => Promise<readonly string[]>;
}

export interface RenewOptions {
  readonly wanted: (tag: PublishedTag) => boolean;
  /** Only tags that the key of this fingerprint, in upper-case hexadecimal, has signed. */
  readonly signedBy: string | undefined;
}

/** A published tag that now waits for new signatures, or does so already. */
export interface RenewedTag extends PublishedTag {
  /** Something else is staged for the tag: signing that will replace these signatures too. */
  readonly replacedBy?: Digest;
}

/**
 * Stages published tags again, as they are, so that the next request asks for new signatures. Only manifests are
 * copied: the blobs are published already. The caller holds the content lock.
 * @throws SignpostError NOT_FOUND, DIGEST_MISMATCH when the tree is damaged, STORAGE
 */
export async function stageRenewals(deps: RenewDeps, options: RenewOptions): Promise<readonly RenewedTag[]> {
  const waiting = await deps.stagedImages.list();
  const staged = new Map(waiting.map((image) => [formatTaggedReference(image), image]));
  const tags: PublishedTag[] = [];
  for await (const batch of deps.publishedContent.tags()) {
    tags.push(...batch.filter(options.wanted));
  }
  const renewed: RenewedTag[] = [];
  for (const tag of tags) {
    const { repository, list } = tag;
    const bytes = await readManifest(deps, tag, list);
    const parsed = parseManifest(bytes);
    // The tags of cosign's attached signatures name no list.
    if (parsed.kind !== 'list') continue;
    if (options.signedBy !== undefined && !(await isSignedBy(deps, tag, options.signedBy))) continue;
    const other = staged.get(formatTaggedReference(tag));
    if (other !== undefined && other.list !== list) {
      renewed.push({ ...tag, replacedBy: other.list });
      continue;
    }
    for (const { digest } of parsed.manifests) {
      await deps.staging.writeManifest(digest, await readManifest(deps, tag, digest));
    }
    await deps.staging.writeManifest(list, bytes);
    const { referrers } = other ?? {};
    const kept = referrers === undefined ? {} : { referrers };
    await deps.stagedImages.put({ ...kept, repository, tag: tag.tag, list, staged: deps.clock.now() });
    renewed.push(tag);
  }
  return renewed;
}

async function isSignedBy(deps: RenewDeps, tag: PublishedTag, fingerprint: string): Promise<boolean> {
  const signers = await deps.signersOf(tag.repository, tag.list);
  // An OpenPGP message by a key that is not at hand tells only the end of its fingerprint.
  return signers.some(
    (signer) => signer === fingerprint || (signer.length >= 16 && fingerprint.endsWith(signer)),
  );
}

async function readManifest({ tree }: RenewDeps, tag: PublishedTag, digest: Digest): Promise<Uint8Array> {
  const bytes = await tree.readManifest(tag.repository, digest);
  if (digestMatches(digest, bytes)) return bytes;
  throw new SignpostError(
    'DIGEST_MISMATCH',
    `${digest} of ${formatTaggedReference(tag)} is damaged in the tree: run "signpost scrub"`,
  );
}
