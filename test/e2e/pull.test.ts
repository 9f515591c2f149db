import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  type ClientName,
  clientNames,
  type PlacedClient,
  startClient,
} from './harness/clients/all-clients.ts';
import { allPlatforms, createSkopeoClient } from './harness/clients/skopeo-client.ts';
import { describeResult, mustRun } from './harness/command.ts';
import {
  buildFourPlatforms,
  type FourPlatforms,
  programPath,
  programVersion,
} from './harness/program-image.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { requirements } from './harness/requirements.ts';
import {
  accessesSince,
  markAccesses,
  startStaticMirrors,
  type StaticMirrors,
  untilAllAreIn,
} from './harness/static-mirrors.ts';
import { type Country, createWorld, registryName, type World } from './harness/world.ts';

const needs = requirements(
  ...(['containerd', 'ctr', 'docker', 'dockerd', 'gpg', 'nginx', 'podman', 'rsync', 'skopeo'] as const),
);
const repository = `${registryName}/demo/esbuild`;
/** Smaller blobs are answered in place. */
const inlineSize = 32 * 1024;

describe('stock clients pull a four-platform image from the mirror that their place calls for', needs, () => {
  let world: World;
  let image: FourPlatforms;
  let mirrors: StaticMirrors;

  before(async () => {
    world = await createWorld();
    image = await buildFourPlatforms(world.work);
    await world.signpost.publish(`oci:${image.layout}`, 'demo/esbuild:1.0');
    await world.signpost.sign(world.key);
    mirrors = await startStaticMirrors(world, { germany: 'DE', america: 'US', brazil: 'BR' });
    const serving = world.parts.use(await world.signpost.serve());
    await untilAllAreIn(serving, mirrors.keys());
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  for (const name of clientNames) {
    describe(name, () => {
      let placed: PlacedClient;
      before(async () => {
        placed = await startClient(world, name);
      });

      it('by tag, in a country with a mirror', async () => {
        await pullAndCheck(name, `${repository}:1.0`, 'linux/amd64', 'DE', 'germany');
      });

      it('by digest, in another country with a mirror', async () => {
        await pullAndCheck(name, `${repository}@${image.list}`, 'linux/amd64', 'US', 'america');
      });

      it('every other platform, in a European country without a mirror', async () => {
        for (const platform of ['linux/arm64', 'linux/ppc64le', 'linux/s390x'])
          await pullAndCheck(name, `${repository}@${image.list}`, platform, 'FR', 'germany');
      });

      async function pullAndCheck(
        name: ClientName,
        reference: string,
        platform: string,
        country: Country,
        mirror: string,
      ) {
        const { client, place } = placed;
        const expected = image.platforms.find((one) => one.platform === platform);
        assert.ok(expected !== undefined, `${platform} is not in ${JSON.stringify(image.platforms)}`);
        place.moveTo(world.newAddress(country));
        const marks = markAccesses(mirrors);

        const result = await client.pull(reference, { platform });

        assert.equal(result.status, 0, describeResult(result));
        assert.equal(await client.configDigest(reference), expected.config);
        const program = await client.takeFile(reference, programPath, platform);
        assert.equal(sha256(program), expected.program, `${name} has other bytes for ${platform}`);
        if (platform === 'linux/amd64')
          assert.equal((await mustRun(program, ['--version'])).trim(), programVersion);
        assertTakenFrom(mirror, marks, expected.layers);
        await client.forget();
      }
    });
  }

  it('skopeo copies all platforms at once, every byte of them', async () => {
    const place = await world.createPlace('skopeo-all', 'BR');
    const skopeo = createSkopeoClient(world.work, place);
    const marks = markAccesses(mirrors);
    const reference = `${repository}:1.0`;

    const result = await skopeo.pull(reference, { platform: allPlatforms });

    assert.equal(result.status, 0, describeResult(result));
    const folder = skopeo.folder(reference);
    const hexOf = (digest: string) => digest.slice('sha256:'.length);
    assert.equal(sha256(join(folder, 'manifest.json')), hexOf(image.list));
    for (const { manifest, config, layers } of image.platforms) {
      assert.equal(sha256(join(folder, `${hexOf(manifest)}.manifest.json`)), hexOf(manifest));
      for (const digest of [config, ...layers.map((layer) => layer.digest)])
        assert.equal(sha256(join(folder, hexOf(digest))), hexOf(digest));
    }
    assertTakenFrom(
      'brazil',
      marks,
      image.platforms.flatMap(({ layers }) => layers),
    );
  });

  /** Every redirected blob came from `mirror`, whole, and no other mirror saw a client. */
  function assertTakenFrom(
    mirror: string,
    marks: ReadonlyMap<string, number>,
    layers: readonly { readonly digest: string; readonly size: number }[],
  ) {
    const redirected = layers.filter(({ size }) => size > inlineSize).map(({ digest }) => digest);
    assert.ok(redirected.length > 0, 'the image has nothing that is redirected');
    for (const [name, accesses] of accessesSince(mirrors, marks)) {
      const blobs = new Set(
        accesses
          .filter(({ method, status }) => method === 'GET' && (status === 200 || status === 206))
          .map(({ path }) => path.replace(/^\/v2\/demo\/esbuild\/blobs\//, '')),
      );
      assert.deepEqual([...blobs].sort(), name === mirror ? [...redirected].sort() : [], `at mirror ${name}`);
    }
  }
});

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
