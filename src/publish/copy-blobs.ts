import type { Descriptor } from '../oci/descriptor.ts';
import { isSignpostError } from '../oci/errors.ts';
import type { ImageSource } from '../ports/image-source.ts';
import type { Progress } from '../ports/progress.ts';
import type { Publications } from '../ports/publications.ts';
import type { StagedBlob, Staging } from '../ports/staging.ts';
import type { TreeReader } from '../ports/tree.ts';
import { throwIfCancelled } from './throw-if-cancelled.ts';
import { inParallel } from '../parallel/in-parallel.ts';

export interface CopyDeps {
  readonly staging: Staging;
  readonly tree: TreeReader;
  readonly publications: Publications;
  readonly progress: Progress;
}

/** How a blob came to be where it is needed; `published` ones are in the tree already. */
type CopiedBlob = StagedBlob | 'published';

/** How many blobs there are of each kind. */
export type CopyCounts = Readonly<Record<CopiedBlob, number>>;

/**
 * Copies blobs into the staging area, `parallel` at once. The first failure ends the others; what they have got is
 * kept, and a later run resumes.
 */
export async function copyBlobs(
  deps: CopyDeps,
  source: ImageSource,
  blobs: readonly Descriptor[],
  parallel: number,
  signal: AbortSignal,
): Promise<CopyCounts> {
  const counts = { copied: 0, resumed: 0, present: 0, published: 0 };
  for (const { digest, size } of blobs) deps.progress.start(digest, size);

  try {
    await inParallel(blobs, parallel, async (blob, failed) => {
      throwIfCancelled(signal);
      counts[await copyBlob(deps, source, blob, AbortSignal.any([signal, failed]))]++;
    });
  } finally {
    throwIfCancelled(signal);
  }
  return counts;
}

async function copyBlob(
  deps: CopyDeps,
  source: ImageSource,
  blob: Descriptor,
  stop: AbortSignal,
): Promise<CopiedBlob> {
  if (await isPublished(deps, blob)) {
    deps.progress.finish(blob.digest, 'already published');
    return 'published';
  }
  const how = await deps.staging.writeBlob(
    blob,
    async (offset) => stoppable(await source.blob(blob, offset, stop), stop),
    (bytes) => deps.progress.advance(blob.digest, bytes),
  );
  deps.progress.finish(blob.digest, { copied: undefined, resumed: 'resumed', present: 'already there' }[how]);
  return how;
}

// The database says which repository has it; a look at the file means that publishing again heals a tree that lost it.
async function isPublished(deps: CopyDeps, { digest, size }: Descriptor): Promise<boolean> {
  const found = await deps.publications.findBlob(digest);
  if (found === undefined) return false;
  try {
    const file = await deps.tree.openBlob(found.repository, digest);
    file.stream.destroy();
    return file.size === size;
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return false;
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
