import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fails } from '../../../test/fakes/expect-error.ts';
import { buildFourPlatforms, buildImage } from '../../../test/fakes/image-builder.ts';
import { createMemoryImageSource } from '../../../test/fakes/memory-image-source.ts';
import { createPublishWorld } from '../../../test/fakes/publish-world.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseTaggedReference } from '../../oci/reference.ts';
import { publishImage } from './publish-image.ts';
import { waitForPublication } from './wait-for-publication.ts';

const target = parseTaggedReference('fedora/base:41');
const image = buildFourPlatforms();

async function staged() {
  const world = createPublishWorld();
  await publishImage(world, createMemoryImageSource(image), target);
  const reasons: string[] = [];
  const stop = new AbortController();
  const wait = (timeout = 60_000) =>
    waitForPublication(world, target, image.digest, {
      interval: 1,
      timeout,
      signal: stop.signal,
      onReason: (reason) => reasons.push(reason),
    });
  return { world, reasons, stop, wait };
}

test('it ends when the image is published, and tells meanwhile why a signature was refused', async () => {
  const { world, reasons, wait } = await staged();
  const waiting = wait();
  const [row] = await world.stagedImages.list();
  assert.ok(row !== undefined);
  await world.stagedImages.put({ ...row, reason: 'it has expired' });
  while (reasons.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await world.publishByHand(target, image);
  await waiting;
  assert.deepEqual(reasons, ['it has expired']);
});

test('an image that is discarded, or replaced, is not waited for', async () => {
  const discarded = await staged();
  await discarded.world.stagedImages.remove(target.repository, target.tag);
  await assert.rejects(discarded.wait(), fails('NOT_FOUND', 'discarded'));
  const replaced = await staged();
  await publishImage(replaced.world, createMemoryImageSource(buildImage()), target);
  await assert.rejects(replaced.wait(), fails('DENIED', 'was staged again'));
  const other = await staged();
  await other.world.stagedImages.remove(target.repository, target.tag);
  await other.world.publishByHand(target, { ...image, digest: digestOf('other') });
  await assert.rejects(other.wait(), fails('NOT_FOUND', 'not published'));
});

test('it has an end, and may be stopped', async () => {
  const { stop, wait } = await staged();
  await assert.rejects(wait(20), fails('UNAVAILABLE', 'stays staged'));
  const waiting = wait();
  stop.abort();
  await assert.rejects(waiting, fails('CANCELLED', ''));
});
