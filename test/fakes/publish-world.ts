import type { TaggedReference } from '../../src/oci/reference.ts';
import type { BuiltManifest } from './image-builder.ts';
import { createMemoryLayers } from './memory-layers.ts';
import { createMemoryPublications } from './memory-publications.ts';
import { createMemoryStaging } from './memory-staging.ts';
import { createMemoryTree } from './memory-tree.ts';

/** Everything that publishing works on, in memory. */
export function createPublishWorld() {
  const staging = createMemoryStaging();
  const tree = createMemoryTree(staging.blobs);
  const memory = createMemoryPublications();
  return {
    ...memory,
    staging,
    tree,
    layers: createMemoryLayers(staging.blobs, tree.blobs),
    clock: { now: () => 1000 },
    progress: { start: () => {}, advance: () => {}, finish: () => {} },

    /** Puts a built image where an accepted one would be. */
    async publishByHand(target: TaggedReference, built: BuiltManifest): Promise<void> {
      for (const [digest, bytes] of built.blobs) tree.blobs.set(`${target.repository}@${digest}`, bytes);
      await memory.publications.publish({
        tags: [{ ...target, list: built.digest, requestSerial: 1, expires: 5000 }],
        manifests: [],
        blobs: [...built.blobs].map(([digest, bytes]) => ({
          repository: target.repository,
          digest,
          size: bytes.length,
        })),
      });
    },
  };
}
