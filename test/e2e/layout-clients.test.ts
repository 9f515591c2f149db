import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createLayoutClient, type LayoutClient, layoutClientNames } from './harness/clients/layout-client.ts';
import { describeResult } from './harness/command.ts';
import { needsGoPrograms } from './harness/go-program.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import type { PlaceProxy } from './harness/place-proxy.ts';
import { buildFourPlatforms, type FourPlatforms } from './harness/program-image.ts';
import { requirements } from './harness/requirements.ts';
import {
  accessesSince,
  markAccesses,
  startStaticMirrors,
  type StaticMirrors,
  untilAllAreIn,
} from './harness/static-mirrors.ts';
import { createWorld, registryName, type World } from './harness/world.ts';

const repository = `${registryName}/demo/esbuild`;
const platform = 'linux/amd64';

describe('tools that copy to an OCI layout', requirements('gpg', 'nginx', 'rsync'), () => {
  let world: World;
  let image: FourPlatforms;
  let mirrors: StaticMirrors;

  before(async () => {
    world = await createWorld({ namedMirrors: ['germany', 'america'] });
    image = await buildFourPlatforms(world.work);
    await world.signpost.publish(`oci:${image.layout}`, 'demo/esbuild:1.0');
    await world.signpost.sign(world.key);
    mirrors = await startStaticMirrors(world, { germany: 'DE', america: 'US' });
    const serving = world.parts.use(await world.signpost.serve());
    await untilAllAreIn(serving, mirrors.keys());
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  for (const name of layoutClientNames) {
    describe(name, needsGoPrograms(name), () => {
      let client: LayoutClient;
      let place: PlaceProxy;
      before(async () => {
        const setting = await world.createPlace(name, 'DE');
        place = setting.place;
        client = createLayoutClient(world.work, name, setting);
      });
      // A client that asks again for a blob is sent to another mirror.
      beforeEach(() => place.moveTo(world.newAddress('DE')));

      it('learns the digest of the signed list by its tag', async () => {
        const result = await client.digest(`${repository}:1.0`);
        assert.equal(result.status, 0, describeResult(result));
        assert.equal(result.stdout.trim(), image.list);
      });

      it('copies one platform by tag, its layers from the mirror that is near', async () => {
        const marks = markAccesses(mirrors);
        const { result, layout } = await client.copy(`${repository}:1.0`, platform);
        assert.equal(result.status, 0, describeResult(result));
        expectPlatforms(layout, [platform]);
        expectTakenFrom('germany', marks);
      });

      it('copies all platforms by digest', async () => {
        const marks = markAccesses(mirrors);
        const { result, layout } = await client.copy(`${repository}@${image.list}`);
        assert.equal(result.status, 0, describeResult(result));
        expectPlatforms(
          layout,
          image.platforms.map((one) => one.platform),
        );
        expectBlob(layout, image.list);
        expectTakenFrom('germany', marks);
      });
    });
  }

  function expectPlatforms(layout: string, platforms: readonly string[]) {
    const found = image.platforms.filter((one) => platforms.includes(one.platform));
    assert.equal(found.length, platforms.length);
    for (const { manifest, config, layers } of found)
      for (const digest of [manifest, config, ...layers.map((layer) => layer.digest)])
        expectBlob(layout, digest);
  }

  function expectBlob(layout: string, digest: string) {
    const hex = digest.slice('sha256:'.length);
    const bytes = readFileSync(join(layout, 'blobs/sha256', hex));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), hex);
  }

  function expectTakenFrom(mirror: string, marks: ReadonlyMap<string, number>) {
    for (const [name, accesses] of accessesSince(mirrors, marks)) {
      const served = accesses.filter(({ method, status }) => method === 'GET' && status === 200);
      assert.equal(served.length > 0, name === mirror, `${name} served ${served.length} blobs`);
    }
  }
});
