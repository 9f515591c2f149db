import { type Platform } from '../../oci/platform.ts';
import { type PublishLimits } from './publish-limits.ts';
import { type ImageContent } from './image-content.ts';

export interface PublishOptions {
  /** Empty means all. */
  readonly platforms?: readonly Platform[];
  /** How many blobs are copied at once. */
  readonly parallel?: number;
  /** Stages an image that is published already, so that it can be signed again. */
  readonly renew?: boolean;
  /** Stages an image although its layers are not what its config says: clients pull it, and cannot use it. */
  readonly allowLayerMismatch?: boolean;
  readonly limits?: PublishLimits;
  readonly signal?: AbortSignal;
  /** Takes along what refers to the image, but for these types; without it that is counted. */
  readonly referrers?: { readonly reserved: ReadonlySet<string> } | undefined;
  readonly check?: (image: ImageContent) => void;
}
