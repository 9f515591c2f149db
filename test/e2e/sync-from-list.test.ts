import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { describeResult, runCommand } from './harness/command.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { type NginxMirror, startNginxMirror } from './harness/nginx-mirror.ts';
import { buildNoisyImage, type NoisyImage } from './harness/noisy-image.ts';
import { findFreePort } from './harness/ports.ts';
import { requirements } from './harness/requirements.ts';
import { type Serving, type Signpost, createSignpost } from './harness/signpost.ts';
import { untilAllAreIn } from './harness/static-mirrors.ts';
import { type World, createWorld, mirrorAddresses } from './harness/world.ts';

const program = join(import.meta.dirname, '../../bin/signpost');
const [listAddress = '', mirrorAddress = ''] = mirrorAddresses;

describe('mirrors are filled by the Mirror List itself, over TLS', requirements('gpg', 'nginx'), () => {
  let world: World;
  let signpost: Signpost;
  let serving: Serving;
  let image: NoisyImage;
  let mirror: NginxMirror;
  let url: string;

  before(async () => {
    world = await createWorld();
    const { work, certificates, key } = world;
    // Its name is in no DNS: its certificate names this address too.
    const port = await findFreePort(listAddress);
    url = `https://${listAddress}:${port}`;
    const tls = { certificate: certificates.certificate, key: certificates.key };
    const settings = world.settings(port, [key.publicKey]) as { registry: object; mirrors: object };
    // Each sync is another mirror's, although all come from one address.
    const mirrors = { ...settings.mirrors, retryWindow: '1s' };
    const registry = {
      ...settings.registry,
      listen: [{ address: listAddress, port, tls }],
      originStreams: 2,
    };
    signpost = createSignpost(work, 'list', { ...settings, registry, mirrors });
    image = await buildNoisyImage(work, 'noisy', { layers: 12, size: 1024 * 1024 });
    await signpost.publish(`oci:${image.layout}`, 'demo/noisy:1');
    await signpost.sign(key);
    serving = world.parts.use(await signpost.serve());
    mirror = world.parts.use(
      await startNginxMirror(work, { name: 'first', address: mirrorAddress, certificates }),
    );
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  it('with no other mirror, within what the origin sends at once', async () => {
    // Held back, so that more is asked for at once than is sent.
    await sync(mirror.root, '--bandwidth', '12M');
    const refused = serving.log().filter(({ status }) => status === 503);
    assert.ok(refused.length > 0, 'the origin has sent everything at once');
  });

  it('with another mirror, which serves what it has', async () => {
    await signpost.must('mirror', 'add', 'first', mirror.url, '--country', 'DE');
    await untilAllAreIn(serving, ['first']);
    await sync(world.work.folder('second'));
    const blobs = mirror
      .accesses()
      .filter(({ path, agent }) => path.includes('/blobs/') && agent.includes('mirror sync'));
    assert.equal(blobs.length, image.layers.length);
  });

  it('with another mirror that sends a wrong byte', async () => {
    const path = `/v2/demo/noisy/blobs/${image.layers[0]}`;
    const file = join(mirror.root, path);
    const good = readFileSync(file);
    writeFileSync(
      file,
      Uint8Array.from(good, (byte, index) => (index === 500_000 ? byte ^ 1 : byte)),
    );
    await sleep(1100);
    const before = mirror.accesses().length;
    await sync(world.work.folder('third'));
    const asked = mirror.accesses().slice(before);
    assert.ok(asked.some((access) => access.path === path && access.agent.includes('mirror sync')));
    // The mirror itself can be repaired from the Mirror List as well.
    await sync(mirror.root, '--verify');
  });

  async function sync(folder: string, ...options: readonly string[]) {
    const { authority } = world.certificates;
    const allowed = ['--allow-address', `${mirrorAddress}/32`];
    const result = await runCommand(program, [
      'sync',
      '--from',
      url,
      '--ca',
      authority,
      ...allowed,
      ...options,
      folder,
    ]);
    assert.equal(result.status, 0, describeResult(result));
    const files = filesIn(folder);
    assert.deepEqual(files, filesIn(signpost.tree));
    for (const path of files)
      assert.ok(readFileSync(join(folder, path)).equals(readFileSync(join(signpost.tree, path))), path);
  }
});

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !`${entry.parentPath}/`.startsWith(`${folder}/.`))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
