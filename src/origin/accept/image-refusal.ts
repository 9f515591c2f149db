import type { Digest } from '../../oci/digest.ts';
import type { TaggedReference } from '../../oci/reference.ts';
import type { ReceivedSignature } from '../../ports/received-signatures.ts';
import type { StagedImage } from '../../ports/staged-images.ts';
import { describeRefusal } from '../../trust/describe-refusal.ts';
import type { Refusal } from '../../trust/judge-signatures.ts';
import type { MetadataFormat } from '../../trust/metadata-file.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';

/** Why an image of a bundle was not published. */
export type ImageRefusal =
  | { readonly kind: 'replayed'; readonly serial: number; readonly published: number }
  | { readonly kind: 'not-staged' }
  | { readonly kind: 'other-list'; readonly signed: Digest; readonly staged: Digest }
  | { readonly kind: 'no-rule' }
  | { readonly kind: 'staging-damaged'; readonly detail: string }
  | { readonly kind: 'foreign'; readonly digest: Digest }
  | {
      readonly kind: 'too-many-signatures';
      readonly digest: Digest;
      readonly count: number;
      readonly limit: number;
    }
  | { readonly kind: 'not-named'; readonly format: MetadataFormat; readonly detail: string }
  | {
      readonly kind: 'signature';
      readonly format: SignatureFormat;
      readonly digest: Digest;
      readonly reason: Refusal;
    };

/** An image of a bundle that is not published. */
export interface RefusedImage extends TaggedReference {
  readonly kind: 'refused';
  readonly reason: ImageRefusal;
  /** The staged image that the bundle signs, on which the reason is noted; undefined when it signs none. */
  readonly image: StagedImage | undefined;
  /** Good ones that are kept for a later bundle of the same request. */
  readonly kept: readonly ReceivedSignature[];
}

export function refuseImage(
  { repository, tag }: TaggedReference,
  reason: ImageRefusal,
  image?: StagedImage,
  kept: readonly ReceivedSignature[] = [],
): RefusedImage {
  return { kind: 'refused', repository, tag, reason, image, kept };
}

/** A refusal in words, for people. */
export function describeImageRefusal(refusal: ImageRefusal): string {
  switch (refusal.kind) {
    case 'replayed':
      return (
        `the bundle answers request ${refusal.serial}, but request ${refusal.published} is published already: ` +
        'nothing goes back to an older state; make a new request'
      );
    case 'not-staged':
      return 'the image is not staged: publish it again, then request a signature';
    case 'other-list':
      return `the bundle signs ${refusal.signed}, but ${refusal.staged} is staged: make a new request`;
    case 'no-rule':
      return 'no rule of the configuration (repositories) names keys for this repository';
    case 'staging-damaged':
      return `the staged image cannot be read: ${refusal.detail}; publish it again`;
    case 'foreign':
      return `the bundle signs ${refusal.digest}, which the image's list does not name`;
    case 'too-many-signatures':
      return (
        `${refusal.digest} would have ${refusal.count} signatures, and clients read at most ${refusal.limit}: ` +
        'publish the image under fewer tags, or have fewer keys sign it'
      );
    case 'not-named': {
      const name = refusal.format === 'tuf' ? 'TUF' : 'Notary v1';
      return (
        `the repository demands ${name} metadata, and ${refusal.detail}; its signatures are kept: accept a bundle of the ` +
        `same request that was signed with --${refusal.format}`
      );
    }
    case 'signature':
      return `${refusal.digest}, format "${refusal.format}": ${describeRefusal(refusal.reason)}`;
  }
}
