import { createHash } from 'node:crypto';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import { blobsOf } from '../../oci/manifest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Progress } from '../../ports/progress.ts';
import type { Publications } from '../../ports/publications.ts';
import type { StagedBlobCheck } from '../../ports/staging.ts';
import type { TreeReader } from '../../ports/tree.ts';
import { findSource } from './find-source.ts';
import type { ImageRefusal } from './image-refusal.ts';
import type { VerifiedImage } from './verify-image.ts';
import { inParallel } from '../../parallel/in-parallel.ts';

export interface CheckDeps {
  readonly staging: StagedBlobCheck & Parameters<typeof findSource>[0]['staging'];
  readonly publications: Pick<Publications, 'findBlob'>;
  readonly treeReader: Pick<TreeReader, 'openBlob'>;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** Hashing keeps the processor busy: more at once would only make the disk seek. */
const blobsAtOnce = 4;

/**
 * Hashes every blob that is about to get a place in a repository: it may be long since it was staged, and nothing
 * unverified reaches its final path. What a repository has published already stays where it is, and is not read again.
 * @returns the images that cannot be published, with the reason
 * @throws SignpostError CANCELLED, STORAGE
 */
export async function checkBlobs(
  deps: CheckDeps,
  images: readonly VerifiedImage[],
): Promise<ReadonlyMap<VerifiedImage, ImageRefusal>> {
  const wanted = images.map((image) => ({ image, blobs: blobsIn(image) }));
  const checks = new Map<string, Check>();
  for (const { image, blobs } of wanted) {
    const { repository } = image.image;
    for (const blob of blobs) checks.set(keyOf(repository, blob), { repository, blob });
  }
  const problems = new Map<string, string>();
  // Many repositories may want the same bytes: they are hashed once.
  const seen = new Map<string, Promise<string | undefined>>();
  await inParallel([...checks], blobsAtOnce, async ([key, { repository, blob }]) => {
    const from = await findSource(deps, repository, blob.digest);
    const name = `${from} ${blob.digest} ${blob.size}`;
    const check = seen.get(name) ?? checkOne(deps, from, repository, blob);
    seen.set(name, check);
    const problem = await check;
    if (problem !== undefined) problems.set(key, problem);
  });
  const refusals = new Map<VerifiedImage, ImageRefusal>();
  for (const { image, blobs } of wanted) {
    const [detail] = blobs.flatMap((blob) => problems.get(keyOf(image.image.repository, blob)) ?? []);
    if (detail !== undefined) refusals.set(image, { kind: 'staging-damaged', detail });
  }
  return refusals;
}

type Blob = Pick<Descriptor, 'digest' | 'size'>;

interface Check {
  readonly repository: RepositoryName;
  readonly blob: Blob;
}

function blobsIn({ content, referrers }: VerifiedImage): readonly Blob[] {
  return [...content.manifests, ...referrers].flatMap(({ manifest }) => blobsOf(manifest));
}

function keyOf(repository: RepositoryName, { digest, size }: Blob): string {
  return `${repository}@${digest} ${size}`;
}

async function checkOne(
  deps: CheckDeps,
  from: RepositoryName | 'staging' | undefined,
  repository: RepositoryName,
  blob: Blob,
): Promise<string | undefined> {
  const { digest, size } = blob;
  if (from === undefined) return `blob ${digest} is neither staged nor published`;
  if (from === repository) return undefined;
  const { progress, signal } = deps;
  progress?.start(digest, size);
  const advance = (bytes: number) => progress?.advance(digest, bytes);
  try {
    if (from === 'staging') {
      const found = await deps.staging.checkBlob(blob, { advance, signal });
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
