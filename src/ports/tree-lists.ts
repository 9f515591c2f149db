import type { Readable } from 'node:stream';
import type { PublicationMarker } from '../tree/publication-marker.ts';
import type { Digest } from '../oci/digest.ts';

/** What the tree says of itself (docs/adr/0014), for the server to hand out. Throws SignpostError STORAGE. */
export interface TreeLists {
  /** What `publication.json` says; undefined when there is none or it cannot be understood. */
  readMarker(): Promise<PublicationMarker | undefined>;
  /** A contents list, or the index of them; undefined when there is none of that digest. `size` is in bytes. */
  openList(digest: Digest): Promise<{ readonly stream: Readable; readonly size: number } | undefined>;
}
