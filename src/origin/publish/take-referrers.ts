import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import type { ImageSource } from '../../ports/image-source.ts';
import type { Staging } from '../../ports/staging.ts';
import type { PublishOptions } from './publish-options.ts';
import type { ImageContent } from './image-content.ts';
import {
  type FoundReferrers,
  type ReferrerOptions,
  countReferrers,
  readReferrers,
} from './read-referrers.ts';

/** What became of the manifests that refer to an image. */
export interface ReferrerCounts {
  readonly taken: number;
  /** Undefined where the source does not say how many there are. */
  readonly leftOut: number | undefined;
  /** Types of which none was taken: clients would take them for signatures that were accepted. */
  readonly reserved: readonly string[];
}

/** Reads what refers to an image, when it is wanted, or counts it. */
export async function takeReferrers(
  source: ImageSource,
  { list, parts }: Pick<ImageContent, 'list' | 'parts'>,
  { referrers }: Pick<PublishOptions, 'referrers'>,
  bounds: Pick<ReferrerOptions, 'limits' | 'signal'>,
): Promise<{ readonly counts: ReferrerCounts; readonly found?: FoundReferrers }> {
  const subjects = [list.digest, ...new Set(parts.map(({ descriptor }) => descriptor.digest))];
  if (referrers === undefined) {
    return { counts: { taken: 0, leftOut: await countReferrers(source, subjects), reserved: [] } };
  }
  const found = await readReferrers(source, subjects, { ...referrers, ...bounds });
  const { length: taken } = found.referrers;
  return { found, counts: { taken, leftOut: found.leftOut, reserved: found.reserved } };
}

/** The blobs of an image and of what refers to it, each once. */
export function withReferrers(
  { blobs }: Pick<ImageContent, 'blobs'>,
  found: FoundReferrers | undefined,
): readonly Descriptor[] {
  const all = [...blobs, ...(found?.blobs ?? [])];
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
}

/** Stages the manifests of referrers, and last the index that leads to them. */
export async function stageReferrers(
  { staging }: { readonly staging: Pick<Staging, 'writeManifest'> },
  found: FoundReferrers | undefined,
): Promise<{ readonly referrers?: Digest }> {
  if (found === undefined || found.referrers.length === 0) return {};
  for (const { descriptor, bytes } of found.referrers) await staging.writeManifest(descriptor.digest, bytes);
  const digest = digestOf(found.index);
  await staging.writeManifest(digest, found.index);
  return { referrers: digest };
}
