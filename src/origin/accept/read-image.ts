import { isSignpostError } from '../../oci/errors.ts';
import { artifactTypeOf } from '../../oci/manifest.ts';
import { type RegistryHost, type RepositoryName, formatTaggedReference } from '../../oci/reference.ts';
import type { Publications } from '../../ports/publications.ts';
import type { ReceivedSignature, ReceivedSignatures } from '../../ports/received-signatures.ts';
import type { StagedImage } from '../../ports/staged-images.ts';
import type { Staging } from '../../ports/staging.ts';
import { signatureTypes } from '../../trust/artifact-formats.ts';
import type { BundledSignature, SignedImage } from '../../trust/hand-off/signature-bundle.ts';
import { type ImageRefusal, type RefusedImage, refuseImage } from './image-refusal.ts';
import type { ReadBundle } from './read-bundle.ts';
import type { RepositoryRule } from './repository-rule.ts';
import { type StagedContent, type StagedManifest, readStagedContent } from './staged-content.ts';

export interface ReadImageDeps {
  readonly registry: RegistryHost;
  /** The first rule of the configuration that matches. */
  readonly findRule: (repository: RepositoryName) => Promise<RepositoryRule | undefined>;
  readonly publications: Pick<Publications, 'findTag'>;
  readonly staging: Pick<Staging, 'readManifest'>;
  readonly received: Pick<ReceivedSignatures, 'list'>;
}

/** An image of a bundle, with all that it is judged by. */
export interface ReadImage {
  readonly kind: 'read';
  readonly image: StagedImage;
  /** `host/repository:tag`, as it has to be signed. */
  readonly reference: string;
  /** Of the signing request. */
  readonly serial: number;
  readonly rule: RepositoryRule;
  readonly content: StagedContent;
  /** What is published with the image, and vouches for nothing. */
  readonly referrers: readonly StagedManifest[];
  /** What the bundle brings. */
  readonly brought: readonly BundledSignature[];
  /** What earlier bundles brought for the same request. */
  readonly earlier: readonly ReceivedSignature[];
}

/**
 * Reads the images of a bundle one by one, from what is staged.
 * @throws SignpostError STORAGE
 */
export async function* readImages(
  deps: ReadImageDeps,
  { header, images }: ReadBundle,
  staged: readonly StagedImage[],
): AsyncGenerator<ReadImage | RefusedImage> {
  const byName = new Map(staged.map((image) => [formatTaggedReference(image), image]));
  for (const signed of images) {
    yield await readImage(deps, header.serial, signed, byName.get(formatTaggedReference(signed)));
  }
}

async function readImage(
  { registry, findRule, publications, staging, received }: ReadImageDeps,
  serial: number,
  signed: SignedImage,
  image: StagedImage | undefined,
): Promise<ReadImage | RefusedImage> {
  const { repository, tag, list } = signed;
  const published = (await publications.findTag(repository, tag))?.requestSerial ?? 0;
  if (serial <= published) return refuseImage(signed, { kind: 'replayed', serial, published });
  if (image === undefined) return refuseImage(signed, { kind: 'not-staged' });
  if (image.list !== list) {
    return refuseImage(signed, { kind: 'other-list', signed: list, staged: image.list });
  }
  const rule = await findRule(repository);
  if (rule === undefined) return refuseImage(image, { kind: 'no-rule' }, image);
  const content = await readStaged(staging, image, rule);
  if ('detail' in content) return refuseImage(image, content, image);
  return {
    kind: 'read',
    image,
    reference: `${registry}/${formatTaggedReference(image)}`,
    serial,
    rule,
    ...content,
    brought: signed.signatures,
    earlier: await received.list({ repository, tag, list, serial }),
  };
}

async function readStaged(
  staging: Pick<Staging, 'readManifest'>,
  image: StagedImage,
  rule: RepositoryRule,
): Promise<Pick<ReadImage, 'content' | 'referrers'> | Extract<ImageRefusal, { kind: 'staging-damaged' }>> {
  try {
    const content = await readStagedContent(staging, image.list);
    return { content, referrers: await readReferrers(staging, image, rule) };
  } catch (error) {
    const damaged = (['NOT_FOUND', 'DIGEST_MISMATCH', 'MANIFEST_INVALID'] as const).some((code) =>
      isSignpostError(error, code),
    );
    if (!damaged) throw error;
    return { kind: 'staging-damaged', detail: (error as Error).message };
  }
}

// What was staged with an image because it refers to it. Nobody signs it and nothing follows from it, so that what
// clients would take for a signature in a format of the rule is left out: only what was verified is published as such.
async function readReferrers(
  staging: Pick<Staging, 'readManifest'>,
  { referrers }: StagedImage,
  { formats }: RepositoryRule,
): Promise<readonly StagedManifest[]> {
  if (referrers === undefined) return [];
  const { manifests } = await readStagedContent(staging, referrers);
  const reserved = signatureTypes(formats.map(({ reader }) => reader.format));
  return manifests.filter(({ manifest }) => !reserved.has(artifactTypeOf(manifest) ?? ''));
}
