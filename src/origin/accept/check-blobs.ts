import { createHash } from 'node:crypto';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import { blobsOf } from '../../oci/manifest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Progress } from '../../ports/progress.ts';
import type { Publications } from '../../ports/publications.ts';
import type { StagedImage } from '../../ports/staged-images.ts';
import type { StagedBlobCheck, Staging } from '../../ports/staging.ts';
import type { TreeReader } from '../../ports/tree.ts';
import { type RefusedImage, refuseImage } from './image-refusal.ts';
import type { StagedContent, StagedManifest } from './staged-content.ts';
import { inParallel } from '../../parallel/in-parallel.ts';

export interface CheckDeps {
  readonly staging: StagedBlobCheck & Pick<Staging, 'hasBlob'>;
  readonly publications: Pick<Publications, 'findBlob'>;
  readonly treeReader: Pick<TreeReader, 'openBlob'>;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An image, as far as its blobs are concerned. */
export interface UncheckedImage {
  readonly image: StagedImage;
  readonly content: StagedContent;
  readonly referrers: readonly StagedManifest[];
}

/** A blob that an image needs, and where its bytes were found whole. */
export interface CheckedBlob extends Blob {
  readonly from: BlobSource;
}

export interface CheckedBlobs<Image> {
  /** The images all of whose blobs are there, with these. */
  readonly whole: readonly (Image & { readonly blobs: readonly CheckedBlob[] })[];
  /** Those that cannot be published, with the reason. */
  readonly damaged: readonly RefusedImage[];
}

/** Hashing keeps the processor busy: more at once would only make the disk seek. */
const blobsAtOnce = 4;

/**
 * Finds every blob that is about to get a place in a repository, and hashes it: it may be long since it was staged, and
 * nothing unverified reaches its final path. What a repository has published already stays where it is, and is not read
 * again. Only what this has found is placed.
 * @throws SignpostError CANCELLED, STORAGE
 */
export async function checkBlobs<Image extends UncheckedImage>(
  deps: CheckDeps,
  images: readonly Image[],
): Promise<CheckedBlobs<Image>> {
  const found = await findBlobs(deps, images);
  const whole: (Image & { readonly blobs: readonly CheckedBlob[] })[] = [];
  const damaged: RefusedImage[] = [];
  for (const item of images) {
    const { image } = item;
    const all = blobsIn(item).map((blob) => found.get(keyOf(image.repository, blob)));
    const detail = all.find((one) => typeof one === 'string');
    if (detail === undefined) whole.push({ ...item, blobs: all.filter((one) => typeof one === 'object') });
    else damaged.push(refuseImage(image, { kind: 'staging-damaged', detail }, image));
  }
  return { whole, damaged };
}

type Blob = Pick<Descriptor, 'digest' | 'size'>;
type BlobSource = RepositoryName | 'staging';

/** What became of each blob of each repository: found whole, or what is wrong with it. */
async function findBlobs(
  deps: CheckDeps,
  images: readonly UncheckedImage[],
): Promise<ReadonlyMap<string, CheckedBlob | string>> {
  const wanted = new Map(
    images.flatMap((item) => {
      const { repository } = item.image;
      return blobsIn(item).map((blob) => [keyOf(repository, blob), { repository, blob }] as const);
    }),
  );
  const found = new Map<string, CheckedBlob | string>();
  // Many repositories may want the same bytes: they are hashed once.
  const checks = new Map<string, Promise<string | undefined>>();
  // What is damaged is removed from staging, and gone for everybody.
  const removed = new Map<Digest, string>();
  await inParallel(
    wanted,
    blobsAtOnce,
    async ([
      key,
      {
        repository,
        blob: { digest, size },
      },
    ]) => {
      const from = await findSource(deps, repository, digest);
      if (from === undefined) return found.set(key, `blob ${digest} is neither staged nor published`);
      const blob = { digest, size, from };
      if (from === repository) return found.set(key, blob);
      const name = `${from} ${digest} ${size}`;
      const check = checks.get(name) ?? checkOne(deps, blob);
      checks.set(name, check);
      const problem = await check;
      if (problem !== undefined && from === 'staging') removed.set(digest, problem);
      return found.set(key, problem ?? blob);
    },
  );
  for (const [key, blob] of found) {
    if (typeof blob === 'string' || blob.from !== 'staging') continue;
    found.set(key, removed.get(blob.digest) ?? blob);
  }
  return found;
}

/**
 * Where a blob for `repository` comes from; undefined when nobody has it. A staged copy goes first, since it is there
 * when the tree's was damaged; then what the repository has itself, for which there is nothing to do.
 */
async function findSource(
  { staging, publications }: CheckDeps,
  repository: RepositoryName,
  digest: Digest,
): Promise<BlobSource | undefined> {
  if (await staging.hasBlob(digest)) return 'staging';
  const own = await publications.findBlob(digest, repository);
  return (own ?? (await publications.findBlob(digest)))?.repository;
}

function blobsIn({ content, referrers }: UncheckedImage): readonly Blob[] {
  return [...content.manifests, ...referrers].flatMap(({ manifest }) => blobsOf(manifest));
}

function keyOf(repository: RepositoryName, { digest, size }: Blob): string {
  return `${repository}@${digest} ${size}`;
}

async function checkOne(deps: CheckDeps, { digest, size, from }: CheckedBlob): Promise<string | undefined> {
  const { progress, signal } = deps;
  progress?.start(digest, size);
  const advance = (bytes: number) => progress?.advance(digest, bytes);
  try {
    if (from === 'staging') {
      const found = await deps.staging.checkBlob({ digest, size }, { advance, signal });
      return found === 'whole'
        ? undefined
        : `blob ${digest} was damaged since it was staged (its bytes have another digest, or are not ${size}), and was removed`;
    }
    const got = await hashPublished(deps, from, digest, advance);
    if (got.hex === digestHex(digest) && got.size === size) return undefined;
    return `blob ${digest} would come from the repository ${from}, where it is damaged: remove that file ("signpost scrub" names it)`;
  } finally {
    progress?.finish(digest);
  }
}

async function hashPublished(
  { treeReader, signal }: CheckDeps,
  repository: RepositoryName,
  digest: Digest,
  advance: (bytes: number) => void,
): Promise<{ readonly hex: string | undefined; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  try {
    const { stream } = await treeReader.openBlob(repository, digest);
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      if (signal?.aborted === true) throw new SignpostError('CANCELLED', 'nothing was published');
      hash.update(piece);
      size += piece.length;
      advance(piece.length);
    }
  } catch (cause) {
    if (isSignpostError(cause, 'NOT_FOUND')) return { hex: undefined, size };
    if (isSignpostError(cause)) throw cause;
    throw new SignpostError('STORAGE', `cannot read ${repository}@${digest}: ${(cause as Error).message}`, {
      cause,
    });
  }
  return { hex: hash.digest('hex'), size };
}
