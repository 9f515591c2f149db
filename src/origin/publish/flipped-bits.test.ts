import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildFourPlatforms } from '../../../test/fakes/image-builder.ts';
import { createMemoryImageSource } from '../../../test/fakes/memory-image-source.ts';
import { createMemoryPublications } from '../../../test/fakes/memory-publications.ts';
import { createMemoryStaging } from '../../../test/fakes/memory-staging.ts';
import { createMemoryLayers } from '../../../test/fakes/memory-layers.ts';
import { createMemoryTree } from '../../../test/fakes/memory-tree.ts';
import type { Digest } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { parseTaggedReference } from '../../oci/reference.ts';
import type { ImageSource } from '../../ports/image-source.ts';
import { publishImage } from './publish-image.ts';

const image = buildFourPlatforms();
const target = parseTaggedReference('fedora/base:41');
const named = [...image.images.flatMap(({ digest }) => [digest]), ...image.blobs.keys()];

function flip(bytes: Uint8Array, where: number): Buffer {
  const changed = Buffer.from(bytes);
  const bit = where % (changed.length * 8);
  changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return changed;
}

/** A source that sends one manifest or blob with one bit that is another one. */
function damage(victim: Digest, where: number): ImageSource {
  const source = createMemoryImageSource(image, {
    damage: (digest, bytes) => (digest === victim ? flip(bytes, where) : bytes),
  });
  return {
    name: source.name,
    root: () => source.root(),
    async manifest(descriptor) {
      const { bytes, mediaType } = await source.manifest(descriptor);
      return { bytes: descriptor.digest === victim ? flip(bytes, where) : bytes, mediaType };
    },
    blob: (...asked) => source.blob(...asked),
    close: () => source.close(),
  };
}

test('property: no flipped bit in a manifest, a config or a layer is staged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...named), fc.nat(), async (victim, where) => {
      const staging = createMemoryStaging();
      const memory = createMemoryPublications();
      const progress = { start: () => {}, advance: () => {}, finish: () => {} };
      const tree = createMemoryTree(staging.blobs);
      const layers = createMemoryLayers(staging.blobs, tree.blobs);
      const deps = { ...memory, staging, tree, layers, clock: { now: () => 1000 }, progress };
      await assert.rejects(publishImage(deps, damage(victim, where), target), (error) =>
        isSignpostError(error, 'DIGEST_MISMATCH'),
      );
      assert.deepEqual(await memory.stagedImages.list(), []);
      assert.ok(!staging.blobs.has(victim));
    }),
    { numRuns: 100 },
  );
});
