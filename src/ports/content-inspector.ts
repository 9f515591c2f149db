import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';

/** What a file in the data folder is, by its place and name alone. */
export type StoredFile = {
  /** Relative to the data folder. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** The same for all hard links of one file; undefined for a file that has but one name. */
  readonly identity?: string;
} & (
  | { readonly kind: 'manifest' | 'blob'; readonly repository: RepositoryName; readonly digest: Digest }
  /** What refers to a manifest: the database says what it must be. */
  | { readonly kind: 'referrers' }
  | { readonly kind: 'signature'; readonly folder: string; readonly number: number }
  | { readonly kind: 'staged-manifest' | 'staged-blob'; readonly digest: Digest }
  | { readonly kind: 'marker' }
  /** A contents list, or the index of them. */
  | { readonly kind: 'contents'; readonly digest: Digest }
  /** TUF or Notary v1; the digest where the name says it. */
  | { readonly kind: 'metadata'; readonly digest?: Digest }
  /** What an interrupted command left: it is never served, and may be removed when nobody is at work. */
  | { readonly kind: 'leftover' }
  | { readonly kind: 'unknown'; readonly inTree: boolean }
);

/** Looks at everything that is stored, without believing any of it. Throws SignpostError STORAGE, NOT_FOUND. */
export interface ContentInspector {
  /** Every file of the tree and the staging area, one folder after the other. */
  files(): AsyncIterable<StoredFile>;
  /** The digest of a file's bytes. */
  hash(path: string, signal: AbortSignal): Promise<Digest>;
  /** The size of a file in the tree, in bytes; undefined when it is not there. */
  sizeOf(kind: 'manifest' | 'blob', repository: RepositoryName, digest: Digest): Promise<number | undefined>;
  remove(path: string): Promise<void>;
}
