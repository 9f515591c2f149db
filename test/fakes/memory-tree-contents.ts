import type { PublicationMarker } from '../../src/tree/publication-marker.ts';
import { digestOf } from '../../src/oci/digest.ts';
import type { TreeContents } from '../../src/ports/tree-contents.ts';

/** Contents lists of a tree that is not on disk: of them there is only the marker. */
export interface MemoryTreeContents extends Pick<TreeContents, 'readMarker' | 'update'> {
  marker: PublicationMarker | undefined;
  /** The repositories at the last update, and what was to be written again. */
  updates: Parameters<TreeContents['update']>[];
}

export function createMemoryTreeContents(): MemoryTreeContents {
  const contents: MemoryTreeContents = {
    marker: undefined,
    updates: [],
    readMarker: async () => contents.marker,
    async update(serials, rewrite) {
      contents.updates.push([serials, rewrite]);
      const text = JSON.stringify([...serials.repositories]);
      contents.marker = { serial: serials.serial, contents: { digest: digestOf(text), size: text.length } };
      return [];
    },
  };
  return contents;
}
