import type { RepositoryName } from '../oci/reference.ts';
import type { PublicationSerials, PublishedBlob, PublishedManifest, PublishedTag } from './publications.ts';

/** All that one repository has published. */
export interface RepositoryContent {
  readonly tags: readonly PublishedTag[];
  readonly manifests: readonly PublishedManifest[];
  readonly blobs: readonly PublishedBlob[];
}

/** What is published, repository by repository, for front ends. Throws SignpostError STORAGE. */
export interface RepositoryContents {
  /** A number that changes whenever any process has committed something. Cheap: it is polled. */
  version(): Promise<number>;
  /** The publication serial now, and the last one that changed each repository. */
  serials(): Promise<PublicationSerials>;
  /** What it has at one moment; empty when it has nothing. */
  read(repository: RepositoryName): Promise<RepositoryContent>;
}
