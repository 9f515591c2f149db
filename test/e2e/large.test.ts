import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, it } from 'node:test';
import { startClient } from './harness/clients/all-clients.ts';
import { createSkopeoClient } from './harness/clients/skopeo-client.ts';
import { describeResult } from './harness/command.ts';
import { buildLargeImage, type LargeImage, largeSize } from './harness/large-image.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { requirements } from './harness/requirements.ts';
import {
  accessesSince,
  markAccesses,
  startStaticMirrors,
  type StaticMirrors,
  untilAllAreIn,
} from './harness/static-mirrors.ts';
import { createWorld, registryName, type World } from './harness/world.ts';

const needs = requirements(
  ...(['containerd', 'ctr', 'docker', 'dockerd', 'gpg', 'nginx', 'podman', 'rsync', 'skopeo'] as const),
);
/** Milliseconds: their storage here keeps a whole copy for each layer. */
const timeout = 240_000;

describe('an image of more than 500 MB in several layers', needs, () => {
  let world: World;
  let image: LargeImage;
  let mirrors: StaticMirrors;

  before(async () => {
    world = await createWorld();
    image = await buildLargeImage(world.work);
    assert.ok(image.layers.reduce((sum, { size }) => sum + size, 0) >= largeSize && image.layers.length >= 3);
    await world.signpost.publish(`oci:${image.layout}`, 'demo/large:1.0');
    await world.signpost.sign(world.key);
    mirrors = await startStaticMirrors(world, { germany: 'DE', america: 'US' });
    const serving = world.parts.use(await world.signpost.serve());
    await untilAllAreIn(serving, mirrors.keys());
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  for (const name of ['docker', 'containerd', 'podman'] as const) {
    it(`is pulled by ${name} from its mirror`, async () => {
      const { client, place } = await startClient(world, name);
      place.moveTo(world.newAddress('US'));
      const reference = `${registryName}/demo/large:1.0`;
      const marks = markAccesses(mirrors);

      const result = await client.pull(reference, { platform: 'linux/amd64', timeout });

      assert.equal(result.status, 0, describeResult(result));
      assert.equal(await client.configDigest(reference), image.config);
      assertTakenFrom('america', marks);
      await client.forget();
    });
  }

  it('is copied by skopeo from its mirror, every byte of it', async () => {
    const client = createSkopeoClient(world.work, await world.createPlace('skopeo', 'DE'));
    const reference = `${registryName}/demo/large@${image.list}`;
    const marks = markAccesses(mirrors);
    const result = await client.pull(reference, { platform: 'linux/amd64', timeout });
    assert.equal(result.status, 0, describeResult(result));
    for (const { digest } of image.layers) {
      const hex = digest.slice('sha256:'.length);
      const hash = createHash('sha256');
      await pipeline(createReadStream(join(client.folder(reference), hex)), hash);
      assert.equal(hash.digest('hex'), hex);
    }
    assertTakenFrom('germany', marks);
    await client.forget();
  });

  function assertTakenFrom(mirror: string, marks: ReadonlyMap<string, number>) {
    for (const [name, accesses] of accessesSince(mirrors, marks)) {
      const blobs = new Set(accesses.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)));
      const expected = name === mirror ? image.layers.map(({ digest }) => digest) : [];
      assert.deepEqual([...blobs].sort(), expected.toSorted(), `at mirror ${name}`);
    }
  }
});
