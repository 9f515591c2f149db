import type { Digest } from '../../oci/digest.ts';
import type { SeenTag } from '../judge-signature.ts';
import type { MetadataFormat } from '../metadata-file.ts';
import type { SignatureFormat } from '../signature-format.ts';
import type { NameRule } from './signed-name.ts';

/** Signatures in one format by some keys. */
export interface SignedRequirement {
  readonly kind: 'signed';
  readonly format: SignatureFormat;
  /** Of the keys that may sign, as evidence names them. */
  readonly fingerprints: ReadonlySet<string>;
  /** How many different keys must have signed; 1 or more. */
  readonly threshold: number;
}

/** A name in the metadata of a whole repository, whose own root says which keys sign it. */
export interface NamedRequirement {
  readonly kind: 'named';
  readonly format: MetadataFormat;
}

/** What is demanded of one format. */
export type LeafRequirement = SignedRequirement | NamedRequirement;

/** What has to be signed in which way: all of, any of and k of n are one thing. */
export type Requirement =
  | LeafRequirement
  | {
      readonly kind: 'some';
      readonly of: readonly Requirement[];
      /** How many of them must hold: 1 or more, and not more than there are. */
      readonly need: number;
    };

/** What is demanded of every signature. */
export interface VerifyingRule {
  readonly name: NameRule;
  /** Milliseconds since it was made; without it a signature has to carry an expiry of its own. */
  readonly maximumAge?: number | undefined;
}

/** Against what a signature is judged. */
export interface ExpectedImage {
  /** What {@link expectedName} gave. */
  readonly name: string;
  readonly digest: Digest;
  readonly mediaType?: string | undefined;
  /** In bytes. */
  readonly size?: number | undefined;
  readonly seen?: SeenTag | undefined;
  /** Of the list that the tag leads to now. */
  readonly list: Digest;
}

/** Every leaf, from left to right. */
export function leavesOf(requirement: Requirement): readonly LeafRequirement[] {
  return requirement.kind === 'some' ? requirement.of.flatMap(leavesOf) : [requirement];
}
