import type { Descriptor } from '../../oci/descriptor.ts';
import { isSignpostError } from '../../oci/errors.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { ImageSource } from '../../ports/image-source.ts';
import type { LayerUnpacker } from '../../ports/layer-unpacker.ts';
import type { Progress } from '../../ports/progress.ts';
import type { Publications } from '../../ports/publications.ts';
import type { StagedBlob, Staging, StagingRoom } from '../../ports/staging.ts';
import type { TreeReader } from '../../ports/tree.ts';
import { checkLayer } from './check-layer.ts';
import { refuseMismatch, type UncheckedLayer } from './layer-checks.ts';
import type { ImageContent } from './image-content.ts';
import { throwIfCancelled } from './throw-if-cancelled.ts';
import { inParallel } from '../../parallel/in-parallel.ts';

export interface CopyDeps {
  readonly staging: Staging & StagingRoom;
  readonly tree: TreeReader;
  readonly publications: Publications;
  readonly layers: LayerUnpacker;
  readonly progress: Progress;
}

export interface CopyOptions {
  /** How many blobs are copied at once. */
  readonly parallel: number;
  /** Whether a layer that is not what the image's config says is only reported, and not refused. */
  readonly allowLayerMismatch: boolean;
  /** How large a layer may be after decompression, in bytes. */
  readonly unpackedLimit: number;
  readonly signal: AbortSignal;
}

/** How a blob came to be where it is needed; `published` ones are in the tree already. */
type CopiedBlob = StagedBlob | 'published';

/** How many blobs there are of each kind. */
export type CopyCounts = Readonly<Record<CopiedBlob, number>>;

interface CopiedBlobs {
  readonly counts: CopyCounts;
  readonly unchecked: readonly UncheckedLayer[];
  /** In words. */
  readonly mismatches: readonly string[];
}

/**
 * Copies the blobs of an image into the staging area, several at once, and compares each layer with the image's config;
 * what is here already is compared too. The first failure ends the others; what they have got is kept, and a later run
 * resumes. Returns also the layers that could not be compared, and those that are wrong.
 */
export async function copyBlobs(
  deps: CopyDeps,
  source: ImageSource,
  { blobs, layerChecks }: Pick<ImageContent, 'blobs' | 'layerChecks'>,
  { parallel, allowLayerMismatch, unpackedLimit, signal }: CopyOptions,
): Promise<CopiedBlobs> {
  const counts = { copied: 0, resumed: 0, present: 0, published: 0 };
  const unchecked: UncheckedLayer[] = [];
  const mismatches: string[] = [];
  const checksOf = Map.groupBy(layerChecks, (check) => check.digest);
  for (const { digest, size } of blobs) deps.progress.start(digest, size);

  async function copyAndCheck(blob: Descriptor, stop: AbortSignal): Promise<void> {
    const { digest, mediaType } = blob;
    const { how, from } = await copyBlob(deps, source, blob, stop);
    const checks = checksOf.get(digest) ?? [];
    const options = { limit: unpackedLimit, signal: stop };
    const verdict = await checkLayer(deps.layers, { digest, from }, checks, options);
    if (verdict.kind === 'unknown') {
      const reason = `it is compressed with ${verdict.compression}, which is not read here`;
      unchecked.push(...checks.map(({ name }) => ({ digest, mediaType, name, reason })));
    } else if (verdict.kind === 'wrong') {
      if (!allowLayerMismatch) refuseMismatch(source.name, verdict.detail);
      mismatches.push(verdict.detail);
    }
    counts[how]++;
    deps.progress.finish(digest, outcomes[how]);
  }

  try {
    await inParallel(blobs, parallel, async (blob, failed) => {
      throwIfCancelled(signal);
      await copyAndCheck(blob, AbortSignal.any([signal, failed]));
    });
  } finally {
    throwIfCancelled(signal);
  }
  return { counts, unchecked, mismatches };
}

const outcomes = {
  copied: undefined,
  resumed: 'resumed',
  present: 'already there',
  published: 'already published',
} as const;

async function copyBlob(
  deps: CopyDeps,
  source: ImageSource,
  blob: Descriptor,
  stop: AbortSignal,
): Promise<{ readonly how: CopiedBlob; readonly from: 'staging' | RepositoryName }> {
  const repository = await findPublished(deps, blob);
  if (repository !== undefined) return { how: 'published', from: repository };
  const how = await deps.staging.writeBlob(
    blob,
    async (offset) => stoppable(await source.blob(blob, offset, stop), stop),
    (bytes) => deps.progress.advance(blob.digest, bytes),
  );
  return { how, from: 'staging' };
}

/** The repository whose file of the blob is there, if one has it. */
export async function findPublished(
  deps: Pick<CopyDeps, 'publications' | 'tree'>,
  { digest, size }: Descriptor,
): Promise<RepositoryName | undefined> {
  // The database says which has it; a look at the file means that publishing again heals a tree that lost it.
  const found = await deps.publications.findBlob(digest);
  if (found === undefined) return undefined;
  try {
    const file = await deps.tree.openBlob(found.repository, digest);
    file.stream.destroy();
    return file.size === size ? found.repository : undefined;
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

// A source may be slow to notice the signal; between two pieces is soon enough.
async function* stoppable(pieces: AsyncIterable<Uint8Array>, stop: AbortSignal): AsyncIterable<Uint8Array> {
  for await (const piece of pieces) {
    throwIfCancelled(stop);
    yield piece;
  }
}
