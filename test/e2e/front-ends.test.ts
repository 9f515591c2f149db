import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PullClient } from './harness/clients/pull-client.ts';
import { createPodmanClient } from './harness/clients/podman-client.ts';
import { createSkopeoClient } from './harness/clients/skopeo-client.ts';
import { describeResult } from './harness/command.ts';
import { eventually } from './harness/eventually.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { startNginx } from './harness/nginx-mirror.ts';
import { buildNoisyImage } from './harness/noisy-image.ts';
import { startPlaceProxy } from './harness/place-proxy.ts';
import { findFreePort } from './harness/ports.ts';
import { requirements } from './harness/requirements.ts';
import { type RsyncOrigin, startRsyncOrigin } from './harness/rsync-origin.ts';
import { createSignpost, type Serving, type Signpost } from './harness/signpost.ts';
import { type StaticMirrors, startStaticMirrors } from './harness/static-mirrors.ts';
import { createWorld, registryName, type World } from './harness/world.ts';

/** For the web server. */
const password = 'front-end-password-of-this-test';
const layers = { layers: 3, size: 160 * 1024 };

/** A front end, and a client that knows no other Mirror List. */
interface FrontEnd {
  readonly signpost: Signpost;
  readonly port: number;
  readonly client: PullClient;
  serving: Serving;
}

describe('two front ends of one origin', requirements('gpg', 'nginx', 'podman', 'rsync', 'skopeo'), () => {
  let world: World;
  let mirrors: StaticMirrors;
  let rsync: RsyncOrigin;
  let webPort: number;
  /** Of the management API at the origin. */
  let apiPort: number;
  /** What runs at the origin. */
  let originParts: AsyncDisposableStack;
  const frontEnds: FrontEnd[] = [];
  const images = new Map<string, string>();

  before(async () => {
    apiPort = await findFreePort('127.0.1.11');
    world = await createWorld({
      further: ({ certificate, key }) => ({
        admin: { listen: [{ address: '127.0.1.11', port: apiPort, tls: { certificate, key } }] },
      }),
    });
    const { work } = world;
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(work.file('seal.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    });
    writeFileSync(work.file('seal.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const token = await world.signpost.must(
      'token',
      'create',
      '--role',
      'front-end',
      '--label',
      'front end one',
    );
    writeFileSync(work.file('front-end-one.token'), token, { mode: 0o600 });
    writeFileSync(work.file('front-end-two.token'), `${password}\n`, { mode: 0o600 });
    await publish('demo/one', '1.0');
    await publish('demo/two', '1.0');
    mirrors = await startStaticMirrors(world, { first: 'DE', second: 'DE' });
    webPort = await findFreePort('127.0.1.12');
    await startOrigin();
    frontEnds.push(await startFrontEnd('one', `https://127.0.1.11:${apiPort}/front-ends`));
    frontEnds.push(await startFrontEnd('two', `https://127.0.1.12:${webPort}/front-ends`));
  });
  after(async () => {
    for (const { serving } of frontEnds) await serving[Symbol.asyncDispose]();
    await originParts[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  it('hand out images, and send clients to the mirrors of the origin', async () => {
    for (const frontEnd of frontEnds) {
      await untilHealthy(frontEnd, { first: true, second: true });
      await pull(frontEnd, 'demo/one:1.0');
      // Log lines are written a moment after the answer.
      await eventually(
        `${frontEnd.signpost.name} has sent somebody to a mirror`,
        5000,
        () => redirectsOf(frontEnd) > 0,
      );
    }
  });

  it('have a new publication once it is in their tree, and a new mirror', async () => {
    await publish('demo/one', '2.0');
    await world.signpost.must('mirror', 'edit', 'second', '--weight', '200');
    // The snapshot is there before the tree: nobody is told of what is not here yet.
    await sleep(4000);
    for (const frontEnd of frontEnds) assert.equal(await statusOf(frontEnd, 'demo/one', '2.0'), 404);
    for (const mirror of mirrors.values()) await rsync.fill(mirror.root);
    for (const { signpost } of frontEnds) await rsync.fill(signpost.tree);
    const [third] = [...(await startStaticMirrors(world, { third: 'DE' })).values()];
    assert.ok(third !== undefined);
    mirrors = new Map([...mirrors, ['third', third]]);
    for (const frontEnd of frontEnds) {
      await eventually(
        'the new tag is there',
        20_000,
        async () => (await statusOf(frontEnd, 'demo/one', '2.0')) === 200,
      );
      await untilHealthy(frontEnd, { first: true, second: true, third: true });
      await pull(frontEnd, 'demo/one:2.0');
    }
  });

  it('go on without the origin, and notice by themselves which mirrors fail', async () => {
    await originParts[Symbol.asyncDispose]();
    await mirrors.get('first')?.stop();
    for (const frontEnd of frontEnds) {
      // Whoever meets the failure is led around it, at once or when asking again (docs/client-failures.md).
      await pull(frontEnd, 'demo/one:2.0', 3);
      await untilHealthy(frontEnd, { first: false, second: true, third: true });
      await pull(frontEnd, 'demo/two:1.0');
    }
    await mirrors.get('first')?.start();
    for (const frontEnd of frontEnds)
      await untilHealthy(frontEnd, { first: true, second: true, third: true });
  });

  it('start again without the origin, from what was kept', async () => {
    const frontEnd = frontEnds[0] ?? assert.fail();
    await frontEnd.serving[Symbol.asyncDispose]();
    frontEnd.serving = await frontEnd.signpost.serve();
    for (const tag of ['1.0', '2.0']) assert.equal(await statusOf(frontEnd, 'demo/one', tag), 200);
    assert.equal((await readMirrors(frontEnd)).size, 3);
    await pull(frontEnd, 'demo/one:2.0');
  });

  it('answer from the second copy, or 503, and never from half of it, when what was kept is damaged', async () => {
    const frontEnd = frontEnds[0] ?? assert.fail();
    const folder = join(frontEnd.signpost.data, 'followed');
    const spare = join(frontEnd.signpost.data, 'followed-spare');
    const saved = world.work.folder('followed-saved');
    await frontEnd.serving[Symbol.asyncDispose]();
    cpSync(folder, join(saved, 'followed'), { recursive: true });
    cpSync(spare, join(saved, 'spare'), { recursive: true });
    const restore = () => {
      for (const path of [folder, spare]) rmSync(path, { recursive: true, force: true });
      cpSync(join(saved, 'followed'), folder, { recursive: true });
      cpSync(join(saved, 'spare'), spare, { recursive: true });
    };
    const snapshot = join(folder, 'snapshot');
    const pieces = piecesOf(folder);
    assert.equal(pieces.length, 4, 'the mirrors, the list of pieces, two repositories');
    const damages: Readonly<Record<string, () => void>> = {
      'a flipped bit in the snapshot': () => flip(snapshot),
      'half of the snapshot': () => truncateSync(snapshot, Math.floor(readFileSync(snapshot).length / 2)),
      'no snapshot': () => rmSync(snapshot),
      ...Object.fromEntries(
        pieces.map((path, index) => [`a flipped bit in piece ${index}`, () => flip(path)]),
      ),
      'a piece gone': () => rmSync(pieces.at(-1) ?? ''),
    };
    for (const [index, [what, damage]] of Object.entries(damages).entries())
      for (const hasSpare of [true, false]) {
        restore();
        if (!hasSpare) rmSync(spare, { recursive: true });
        damage();
        await using _serving = await frontEnd.signpost.serve();
        // The second copy has the snapshot and the pieces that it names, and not those of each repository.
        const status = hasSpare && index < 5 ? 200 : 503;
        const told = `${what}, ${hasSpare ? 'with' : 'without'} the second copy`;
        assert.deepEqual(await statusesOf(frontEnd), [status, status, status], told);
      }
    restore();
    flip(pieces.at(-1) ?? '');
    frontEnd.serving = await frontEnd.signpost.serve();
    await sleep(2500);
    assert.deepEqual(await statusesOf(frontEnd), [503, 503, 503]);
    const other = frontEnds[1] ?? assert.fail();
    await pull(other, 'demo/two:1.0');
  });

  it('are whole again when the origin is back', async () => {
    await startOrigin();
    const frontEnd = frontEnds[0] ?? assert.fail();
    await eventually('the damaged front end answers again', 20_000, async () =>
      (await statusesOf(frontEnd)).every((status) => status === 200),
    );
    await publish('demo/two', '2.0');
    for (const { signpost } of frontEnds) await rsync.fill(signpost.tree);
    for (const each of frontEnds) {
      await eventually(
        'the new tag is there',
        20_000,
        async () => (await statusOf(each, 'demo/two', '2.0')) === 200,
      );
      await pull(each, 'demo/two:2.0');
    }
  });

  /** The origin: its rsync module, the process that seals, and a web server beside the management API. */
  async function startOrigin() {
    const { work, signpost, certificates } = world;
    await using parts = new AsyncDisposableStack();
    rsync = parts.use(await startRsyncOrigin(work, signpost.tree));
    parts.use(
      await signpost.start('snapshot', '--key', work.file('seal.pem'), '--watch', '--interval', '1s'),
    );
    const accessLog = work.file('origin-access.log');
    parts.use(
      await startNginx(
        work,
        'origin',
        [
          `listen 127.0.1.12:${webPort} ssl;`,
          `ssl_certificate ${certificates.certificate};`,
          `ssl_certificate_key ${certificates.key};`,
          `location /front-ends/ { if ($http_authorization != "Bearer ${password}") { return 401; } root ${signpost.data}; }`,
          'location / { return 404; }',
        ],
        accessLog,
      ),
    );
    parts.use(await signpost.serve());
    originParts = parts.move();
  }

  async function startFrontEnd(name: string, url: string): Promise<FrontEnd> {
    const { work, key, certificates } = world;
    const port = await findFreePort();
    const signpost = createSignpost(work, `front-end-${name}`, {
      ...world.settings(port, [key.publicKey]),
      origin: {
        url,
        key: work.file('seal.pub'),
        tokenFile: work.file(`front-end-${name}.token`),
        interval: '1s',
        timeout: '2s',
        certificateAuthorities: [certificates.authority],
      },
    });
    mkdirSync(signpost.tree, { recursive: true });
    await rsync.fill(signpost.tree);
    const hosts = new Map([[`${registryName}:443`, { address: '127.0.0.1', port }]]);
    const place = world.parts.use(await startPlaceProxy(hosts, world.newAddress('DE')));
    const setting = { name: `client-${name}`, proxy: place.url, authority: certificates.authority };
    const client = name === 'one' ? createSkopeoClient(work, setting) : createPodmanClient(work, setting);
    return { signpost, port, client: world.parts.use(client), serving: await signpost.serve() };
  }

  async function publish(repository: string, tag: string) {
    const image = await buildNoisyImage(world.work, `${repository}:${tag}`, layers);
    await world.signpost.publish(`oci:${image.layout}`, `${repository}:${tag}`);
    await world.signpost.sign(world.key);
    images.set(`${repository}:${tag}`, image.config);
  }

  async function pull({ client }: FrontEnd, image: string, tries = 1) {
    const reference = `${registryName}/${image}`;
    await client.forget();
    let result = await client.pull(reference, { platform: 'linux/amd64' });
    for (let asked = 1; result.status !== 0 && asked < tries; asked += 1) {
      await sleep(1000);
      result = await client.pull(reference, { platform: 'linux/amd64' });
    }
    assert.equal(result.status, 0, describeResult(result));
    assert.equal(await client.configDigest(reference), images.get(image));
  }

  async function ask({ port }: FrontEnd, path: string): Promise<IncomingMessage> {
    const asked = request({
      host: '127.0.0.1',
      port,
      path,
      agent: false,
      servername: registryName,
      ca: readFileSync(world.certificates.authority),
      headers: { host: registryName, accept: 'application/vnd.oci.image.index.v1+json' },
    });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  }

  async function statusOf(frontEnd: FrontEnd, repository: string, tag: string): Promise<number | undefined> {
    const response = await ask(frontEnd, `/v2/${repository}/manifests/${tag}`);
    response.resume();
    return response.statusCode;
  }

  const statusesOf = (frontEnd: FrontEnd) =>
    Promise.all(
      (['1.0', '2.0'] as const)
        .map((tag) => statusOf(frontEnd, 'demo/one', tag))
        .concat(statusOf(frontEnd, 'demo/two', '1.0')),
    );

  async function readMirrors(frontEnd: FrontEnd): Promise<ReadonlyMap<string, boolean>> {
    const response = await ask(frontEnd, '/mirrors.json');
    const list = JSON.parse(await text(response)) as {
      mirrors: { name: string; state: { healthy: boolean } }[];
    };
    return new Map(list.mirrors.map(({ name, state }) => [name, state.healthy]));
  }

  async function untilHealthy(frontEnd: FrontEnd, wanted: Readonly<Record<string, boolean>>) {
    await eventually(`${frontEnd.signpost.name} knows ${JSON.stringify(wanted)}`, 30_000, async () => {
      const known = await readMirrors(frontEnd);
      return Object.entries(wanted).every(([name, healthy]) => known.get(name) === healthy);
    });
  }
});

function redirectsOf({ serving }: FrontEnd): number {
  return serving.log().filter(({ outcome }) => outcome === 'redirected').length;
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  writeFileSync(
    path,
    Uint8Array.from(bytes, (byte, index) => (index === middle ? byte ^ 1 : byte)),
  );
}

/** The files that a kept snapshot consists of beside itself; older ones stay for a while. The last is a repository's. */
function piecesOf(folder: string): readonly string[] {
  const parts = readdirSync(join(folder, 'parts')).map((name) => join(folder, 'parts', name));
  const namedIn = (path: string) => {
    const content = readFileSync(path, 'utf8');
    return parts.filter((part) => content.includes(basename(part)));
  };
  const first = namedIn(join(folder, 'snapshot'));
  return [...first, ...first.flatMap(namedIn)];
}
