import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildFourPlatforms, writeLayout } from '../fakes/image-builder.ts';
import { createPodmanClient } from './harness/clients/podman-client.ts';
import { createSkopeoClient } from './harness/clients/skopeo-client.ts';
import { describeResult } from './harness/command.ts';
import { createGpgKey } from './harness/gpg-key.ts';
import { requirements } from './harness/requirements.ts';
import { createWorld, registryName, type World } from './harness/world.ts';

describe('the files of "signpost trust export"', requirements('gpg', 'podman', 'skopeo'), () => {
  let world: World;
  let exported: string;

  before(async () => {
    world = await createWorld({ algorithm: 'rsa3072' });
    await writeLayout(world.work.folder('image'), buildFourPlatforms());
    await world.signpost.publish(`oci:${world.work.folder('image')}`, 'demo/hello:1.0');
    await world.signpost.sign(world.key);
    exported = world.work.folder('exported');
    await world.signpost.must('trust', 'export', exported);
    world.parts.use(await world.signpost.serve());
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  for (const name of ['podman', 'skopeo'] as const) {
    it(`make ${name} take what is signed and refuse it under another key`, async () => {
      const setting = await world.createPlace(name, 'DE');
      const client = (name === 'podman' ? createPodmanClient : createSkopeoClient)(world.work, setting);
      world.parts.use(client);
      const policy = readFileSync(join(exported, 'containers/policy.json'), 'utf8');
      const install = (folder: string) => {
        const moved = policy.replaceAll('/etc/pki/containers', folder);
        writeFileSync(join(client.settings.home, '.config/containers/policy.json'), moved);
      };
      install(join(exported, 'containers/keys'));
      const good = await client.pull(`${registryName}/demo/hello:1.0`, { platform: 'linux/amd64' });
      assert.equal(good.status, 0, describeResult(good));
      await client.forget();

      await using stranger = await createGpgKey(world.work, `stranger-${name}`, 'ed25519');
      const other = world.work.folder(`other-${name}`);
      const [file = ''] = /signpost-1[a-z0-9-]*\.gpg/.exec(policy) ?? [];
      writeFileSync(join(other, file), readFileSync(stranger.publicKey));
      install(other);
      const bad = await client.pull(`${registryName}/demo/hello:1.0`, { platform: 'linux/amd64' });
      assert.notEqual(bad.status, 0, describeResult(bad));
      assert.match(bad.stderr, /Invalid GPG signature|is not accepted|public key not found/i);
    });
  }
});
