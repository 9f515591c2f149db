import { type Descriptor } from '../../oci/descriptor.ts';
import { type Digest } from '../../oci/digest.ts';
import { type LeftOut } from './flatten-list.ts';
import { type LayerCheck, type UncheckedLayer } from './layer-checks.ts';
import { type ImagePart } from './read-part.ts';

/** Why a list is not the source's own. */
export type MadeBecause = 'single-manifest' | 'chosen-platforms' | 'left-out' | 'nested-lists';

/** An image as it will be signed: everything but the blobs, which are only named. */
export interface ImageContent {
  readonly list: { readonly digest: Digest; readonly bytes: Uint8Array };
  readonly madeBecause?: MadeBecause;
  readonly parts: readonly ImagePart[];
  /** Whether lists inside the source's list were taken apart. */
  readonly isNested: boolean;
  /** What the source's list names and this one does not, beside platforms that were not wanted. */
  readonly leftOut: readonly LeftOut[];
  /** Each blob once. */
  readonly blobs: readonly Descriptor[];
  /** What the layers have to be, by the config of each part. */
  readonly layerChecks: readonly LayerCheck[];
  /** Layers of images that nobody can compare with the config. */
  readonly unchecked: readonly UncheckedLayer[];
  /** How images and their configs disagree, in words. */
  readonly mismatches: readonly string[];
}

/** An image's list and manifests, as they were found. */
export type FoundImage = Pick<ImageContent, 'list' | 'madeBecause' | 'parts' | 'isNested' | 'leftOut'>;
