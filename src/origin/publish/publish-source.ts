import type { TaggedReference } from '../../oci/reference.ts';
import type { ImageSource } from '../../ports/image-source.ts';
import type { Schema1Archive } from '../../ports/schema1-archive.ts';
import { type PublishDeps, type PublishResult, publishImage } from './publish-image.ts';
import { type PublishOptions } from './publish-options.ts';
import { joinSources } from './join-sources.ts';
import { defaultLimits } from './publish-limits.ts';
import { type Schema1Policy, type Schema1Result, isSchema1, takeSchema1 } from './take-schema1.ts';

/**
 * Copies what a source has: an image into the staging area ({@link publishImage}), or a manifest of Docker schema 1 into
 * the archive ({@link takeSchema1}).
 * @throws SignpostError what these two and the source throw
 */
export async function publishSource(
  deps: PublishDeps & { readonly archive: Schema1Archive },
  source: ImageSource,
  target: TaggedReference,
  options: PublishOptions & { readonly schema1: Schema1Policy },
): Promise<PublishResult | Schema1Result> {
  const root = await source.root();
  if (isSchema1(root)) return takeSchema1(deps, source, root.bytes, target, options.schema1);
  // The root is not asked for twice: a registry might answer differently.
  return publishImage(deps, { ...source, root: () => Promise.resolve(root) }, target, options);
}

/**
 * Copies what several sources have as one image, whose list names the manifests of all of them in their order.
 * @throws SignpostError MANIFEST_INVALID when two have the same platform, and what {@link publishImage} throws
 */
export async function publishSources(
  deps: PublishDeps,
  sources: readonly ImageSource[],
  target: TaggedReference,
  options: PublishOptions,
): Promise<PublishResult> {
  const { limits = defaultLimits, signal = new AbortController().signal } = options;
  const joined = await joinSources(sources, limits, signal);
  const result = await publishImage(deps, joined, target, {
    ...options,
    check: (image) => joined.checkPlatforms(image),
  });
  const { madeBecause = 'several-sources' } = result;
  return {
    ...result,
    madeBecause: madeBecause === 'nested-lists' ? 'several-sources' : madeBecause,
    leftOut: [...joined.leftOut, ...result.leftOut],
  };
}
