import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { startFaultyMirror } from '../fakes/faulty-mirror.ts';
import { createSkopeoClient, type SkopeoClient } from './harness/clients/skopeo-client.ts';
import { describeResult, mustRun } from './harness/command.ts';
import { eventually } from './harness/eventually.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { type NginxMirror, startNginxMirror } from './harness/nginx-mirror.ts';
import { buildNoisyImage } from './harness/noisy-image.ts';
import { requirements } from './harness/requirements.ts';
import { type RsyncOrigin, startRsyncOrigin } from './harness/rsync-origin.ts';
import { createSignpost, type LogLine, type Serving, type Signpost } from './harness/signpost.ts';
import { type Pull, type SteadyPulls, startSteadyPulls, type WantedBlob } from './harness/steady-pulls.ts';
import { createWorld, mirrorAddresses, registryName, type World } from './harness/world.ts';

/** An address that mirrors.allowAddresses does not name. */
const forbiddenAddress = '127.0.9.1';
const layers = { layers: 4, size: 160 * 1024 };
/** Milliseconds from the moment at which a mirror is known to be out to that at which nobody is sent there. */
const lingering = 500;

/** Those that have an address of IPv6 only: each has a port of its own at ::1. */
const overIpv6: ReadonlySet<string> = new Set(['six', 'partial', 'loop', 'expired']);
/** Those that are filled by the origin's rsync module; the others by `signpost sync`. */
const byRsync: ReadonlySet<string> = new Set(['rsync', 'stale', 'ahead', 'loop', 'drip', 'expired']);
/** Why the liars are out for as long as they lie. */
const reasons: Readonly<Record<string, RegExp>> = {
  everything: /^truncated: .*its file has 9 bytes/,
  loop: /^redirect: /,
  forbidden: /^redirect: /,
  endless: /^wrong-bytes: /,
  drip: /^timeout: /,
  expired: /^tls: .*expired/,
};
const program = join(import.meta.dirname, '../../bin/signpost');
const names = ['rsync', 'six', 'partial', 'stale', 'ahead', 'flipped', ...Object.keys(reasons)];

/** Lines for nginx that spoil everything but the marker. */
const blobs = (...lines: readonly string[]) => [`location /v2/ { ${lines.join(' ')} }`];

describe(
  'a network of twelve mirrors, of which nine lie',
  requirements('gpg', 'nginx', 'rsync', 'skopeo'),
  () => {
    let world: World;
    let signpost: Signpost;
    let serving: Serving;
    let rsync: RsyncOrigin;
    /** The web server that `signpost sync` reads from. */
    let originTree: NginxMirror;
    let forbidden: Server;
    let connectionsToForbidden = 0;
    let pulls: SteadyPulls;
    let skopeo: SkopeoClient;
    const mirrors = new Map<string, NginxMirror>();
    /** The blobs that may be asked for, and the publication that each came with. */
    const published: (WantedBlob & { readonly serial: number })[] = [];
    const stockPulls: string[] = [];
    /** When each liar began to be honest. */
    const mended = new Map<string, number>();
    let addresses = 0;

    before(async () => {
      world = await createWorld();
      const { certificates, work, key, port } = world;
      signpost = createSignpost(work, 'network', {
        registry: {
          name: registryName,
          listen: [
            {
              address: '127.0.0.1',
              port,
              tls: { certificate: certificates.certificate, key: certificates.key },
            },
          ],
          trustedProxies: ['127.0.0.1/32'],
        },
        repositories: [{ match: 'demo/*', keys: [key.publicKey] }],
        mirrors: {
          allowAddresses: ['127.0.1.0/24', '::1/128'],
          certificateAuthorities: [certificates.authority],
          probeInterval: '1s',
          recoveryInterval: '1s',
        },
        places: {
          overrides: [
            { netblock: '127.20.0.0/16', country: 'DE' },
            { netblock: '2001:db8::/32', country: 'DE' },
          ],
        },
      });
      rsync = world.parts.use(await startRsyncOrigin(work, signpost.tree));
      const address = mirrorAddresses.at(-1) ?? '';
      originTree = world.parts.use(await startNginxMirror(work, { name: 'origin', address, certificates }));
      await originTree.configure([`location / { root ${signpost.tree}; }`]);
      forbidden = createServer((socket) => {
        connectionsToForbidden += 1;
        socket.destroy();
      }).listen(0, forbiddenAddress);
      await once(forbidden, 'listening');
      world.parts.defer(() => void forbidden.close());
      skopeo = world.parts.use(createSkopeoClient(work, await world.createPlace('skopeo', 'DE')));

      await publish('demo/one', '1.0', 1);
      await publish('demo/two', '1.0', 2);
      await startMirrors();
      serving = world.parts.use(await signpost.serve());
      pulls = startSteadyPulls(world, {
        port,
        clients: 6,
        newAddress,
        next: () => published[Math.floor(Math.random() * published.length)] ?? assert.fail(),
      });
      world.parts.defer(() => pulls.stop());
    });
    after(async () => {
      await world[Symbol.asyncDispose]();
    });
    keepLogsOfFailures(() => world);

    it('lets in the mirrors that hold what they say', async () => {
      await untilIn('rsync', 'six', 'partial', 'stale', 'ahead', 'flipped');
      await pullWithSkopeo('demo/one:1.0');
    });

    it('keeps the liars out, each for its own reason, and asks nothing of addresses that are not allowed', async () => {
      const liars = Object.keys(reasons);
      await eventually('all have been looked at', 20_000, async () => {
        const states = await readStates();
        return liars.every((name) => states.get(name)?.reason !== 'not probed yet');
      });
      const states = await readStates();
      for (const [name, reason] of Object.entries(reasons)) {
        assert.match(states.get(name)?.reason ?? '', reason, `${name} is out for another reason`);
      }
      const also = ['everything', 'loop', 'forbidden'].flatMap((name) => ['--also-from', mirror(name).url]);
      const copy = world.work.folder('synced-beside-liars');
      await syncOverHttps(copy, ...also);
      for (const { repository, digest } of published)
        assert.ok(
          existsSync(join(copy, 'v2', repository, 'blobs', digest)),
          `${digest} has not been fetched`,
        );
      assert.equal(connectionsToForbidden, 0);
      const refused = await signpost.run(
        'mirror',
        'add',
        'loopback',
        `https://${forbiddenAddress}:${portOf(forbidden)}`,
        '--country',
        'DE',
      );
      assert.notEqual(refused.status, 0, describeResult(refused));
      assert.match(refused.stderr, /loopback.*allowAddresses/s);
    });

    it('sends nobody for a new publication to mirrors that do not have it, whatever they say', async () => {
      await publish('demo/one', '2.0', 3);
      copyFileSync(join(signpost.tree, 'publication.json'), join(mirror('ahead').root, 'publication.json'));
      for (const name of ['rsync', 'six', 'partial', 'flipped']) await fill(name);
      await eventually('the others are known to have it', 30_000, async () => {
        const states = await readStates();
        return ['rsync', 'six', 'partial', 'flipped'].every((name) => states.get(name)?.serial === 3);
      });
      await pullWithSkopeo('demo/one:2.0');
      const states = await readStates();
      assert.equal(states.get('stale')?.serial, 2);
      assert.equal(states.get('ahead')?.serial, 2);
      await untilPulledFrom('rsync', 'six', 'partial', 'stale', 'flipped');
    });

    it('takes out mirrors that die, and lets them in again when they are back', async () => {
      for (const name of ['rsync', 'six', 'partial']) {
        await mirror(name).stop();
        await untilOut(name, /^refused: /);
        await pullWithSkopeo('demo/two:1.0');
        await mirror(name).start();
      }
      await untilIn('rsync', 'six', 'partial');
    });

    it('takes out a mirror with one wrong byte until it is repaired', async () => {
      const { repository, digest } = published[0] ?? assert.fail();
      const file = join(mirror('flipped').root, 'v2', repository, 'blobs', digest);
      const good = readFileSync(file);
      writeFileSync(
        file,
        Uint8Array.from(good, (byte, index) => (index === 100_000 ? byte ^ 1 : byte)),
      );
      await untilOut('flipped', /^wrong-bytes: /);
      const wrong = pulls.pulls.filter(({ answers }) =>
        answers.some(({ problem }) => problem === 'wrong bytes'),
      );
      assert.ok(wrong.every(({ ok }) => ok));
      writeFileSync(file, good);
      await untilIn('flipped');
    });

    it('lets in liars that have mended their ways', async () => {
      for (const name of ['stale', 'ahead']) await mend(name, () => fill(name));
      for (const name of ['everything', 'forbidden', 'drip', 'loop', 'endless']) {
        await mend(name, (liar) => liar.configure([]));
      }
      await mend('expired', (liar) => liar.configure([], world.certificates));
      await untilIn(...names);
      await eventually('stale and ahead are up to date', 30_000, async () => {
        const states = await readStates();
        return ['stale', 'ahead'].every(
          (name) => states.get(name)?.healthy && states.get(name)?.serial === 3,
        );
      });
      await untilPulledFrom(...names);
      await pullWithSkopeo('demo/one:2.0');
    });

    it('has served all pulls, and has sent nobody to a mirror known to lack the blob', async (t) => {
      await pulls.stop();
      await sleep(500);
      const failed = pulls.pulls.filter(({ ok }) => !ok);
      assert.deepEqual(failed.slice(0, 3), [], `${failed.length} of ${pulls.pulls.length} pulls failed`);
      assert.equal(connectionsToForbidden, 0);
      const figures = judgeRedirects(serving.log());
      assert.ok(figures.redirects > 500, `only ${figures.redirects} redirects`);
      const tries = pulls.pulls.map(({ answers }) => answers.length);
      t.diagnostic(
        `${pulls.pulls.length} pulls by small clients and ${stockPulls.length} by skopeo, all served; ` +
          `${figures.redirects} redirects, the others from the origin; ` +
          `${tries.filter((count) => count > 1).length} pulls needed more than one try, none more than ${Math.max(...tries)}; ` +
          `a mirror was named ${figures.latest} ms at most after it was known to be out`,
      );
    });

    /** Judges every redirect by what the server had logged of the mirror before. */
    function judgeRedirects(log: readonly LogLine[]) {
      const serialOf = new Map(published.map(({ digest, serial }) => [digest, serial]));
      const repositoryOf = new Map(published.map(({ digest, repository }) => [digest, repository]));
      const known = new Map<string, { readonly in: boolean; readonly at: number }>();
      let redirects = 0;
      let latest = 0;
      for (const { event, mirror = '', time, outcome, digest = '' } of log) {
        const at = Date.parse(time);
        if (event === 'mirror is in' || event === 'mirror is out')
          known.set(mirror, { in: event.endsWith('in'), at });
        if (event !== 'request' || outcome !== 'redirected') continue;
        redirects += 1;
        const state = known.get(mirror);
        assert.ok(state !== undefined, `${mirror} was named before it had passed a probe`);
        if (!state.in) latest = Math.max(latest, at - state.at);
        const serial = serialOf.get(digest) ?? 0;
        if (mirror === 'partial') assert.equal(repositoryOf.get(digest), 'demo/one');
        const lies = mirror in reasons || ((mirror === 'stale' || mirror === 'ahead') && serial === 3);
        if (lies)
          assert.ok(at >= (mended.get(mirror) ?? Infinity), `${mirror} was named for what it had not`);
      }
      assert.ok(latest <= lingering, `a mirror was named ${latest} ms after it was known to be out`);
      return { redirects, latest };
    }

    function mirror(name: string): NginxMirror {
      return mirrors.get(name) ?? assert.fail(`no mirror ${name}`);
    }

    async function publish(repository: string, tag: string, serial: number) {
      const image = await buildNoisyImage(world.work, `${repository}:${tag}`, layers);
      await signpost.publish(`oci:${image.layout}`, `${repository}:${tag}`);
      await signpost.sign(world.key);
      published.push(...image.layers.map((digest) => ({ repository, digest, serial })));
    }

    async function startMirrors() {
      const endless = await startFaultyMirror({
        root: signpost.tree,
        address: '127.0.1.100',
        fault: 'endless',
      });
      world.parts.defer(() => endless.close());
      const lies: Readonly<Record<string, readonly string[]>> = {
        everything: blobs('return 200 "It works!";'),
        loop: ['location / { return 302 $request_uri; }'],
        forbidden: blobs(`return 302 https://${forbiddenAddress}:${portOf(forbidden)}$request_uri;`),
        endless: blobs(`proxy_pass ${endless.url}; proxy_buffering off;`),
        drip: blobs('limit_rate 1;'),
      };
      const { work, certificates } = world;
      const start = async (name: string, index: number) => {
        const address = overIpv6.has(name) ? '::1' : (mirrorAddresses[index] ?? '');
        const own = name === 'expired' ? certificates.expired : certificates;
        const started = world.parts.use(await startNginxMirror(work, { name, address, certificates: own }));
        mirrors.set(name, started);
        await fill(name);
        if (lies[name] !== undefined) await started.configure(lies[name]);
        const repositories = name === 'partial' ? ['demo/one'] : [];
        return { name, urls: [started.url], country: 'DE', repositories };
      };
      const file = work.file('mirrors.json');
      writeFileSync(file, JSON.stringify({ mirrors: await Promise.all(names.map(start)) }));
      await signpost.must('mirror', 'import', file);
    }

    /** Brings a mirror's copy up to date, by rsync or over HTTPS. */
    async function fill(name: string) {
      if (byRsync.has(name)) await rsync.fill(mirror(name).root);
      else
        await syncOverHttps(mirror(name).root, ...(name === 'partial' ? ['--repository', 'demo/one'] : []));
    }

    async function syncOverHttps(folder: string, ...options: readonly string[]) {
      const ca = ['--ca', world.certificates.authority];
      return mustRun(program, ['sync', '--from', originTree.url, ...ca, ...options, folder]);
    }

    async function mend(name: string, change: (mirror: NginxMirror) => Promise<void>) {
      mended.set(name, Date.now());
      await change(mirror(name));
    }

    /** A client nobody has seen yet, over IPv4 and IPv6 in turn, in one of many networks. */
    function newAddress(): string {
      addresses += 1;
      const group = addresses & 127;
      if (addresses % 2 === 0) return `2001:db8:${group.toString(16)}:${addresses.toString(16)}::1`;
      return `127.20.${128 + group}.${(addresses >> 7) & 255}`;
    }

    async function readStates(): Promise<ReadonlyMap<string, PublicState>> {
      const asked = get(`https://127.0.0.1:${world.port}/mirrors.json`, {
        agent: false,
        servername: registryName,
        ca: readFileSync(world.certificates.authority),
      });
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      const list = JSON.parse(await text(response)) as { mirrors: { name: string; state: PublicState }[] };
      return new Map(list.mirrors.map(({ name, state }) => [name, state]));
    }

    async function untilIn(...wanted: readonly string[]) {
      await eventually(`${wanted.join(', ')} are in`, 30_000, async () => {
        const states = await readStates();
        return wanted.every((name) => states.get(name)?.healthy === true);
      });
    }

    async function untilOut(name: string, reason: RegExp) {
      await eventually(`${name} is out: ${reason}`, 20_000, async () => {
        const state = (await readStates()).get(name);
        return state?.healthy === false && reason.test(state.reason ?? '');
      });
    }

    /** Whether clients get right bytes from these, from now on. */
    async function untilPulledFrom(...wanted: readonly string[]) {
      const before = pulls.pulls.length;
      const left = new Set(wanted);
      await eventually(`somebody pulls from ${wanted.join(', ')}`, 20_000, () => {
        for (const name of left) {
          const { url } = mirror(name);
          const isGood = ({ from, problem }: Pull['answers'][number]) =>
            from === url && problem === undefined;
          if (pulls.pulls.slice(before).some(({ answers }) => answers.some(isGood))) left.delete(name);
        }
        return left.size === 0;
      });
    }

    async function pullWithSkopeo(image: string) {
      await skopeo.forget();
      const result = await skopeo.pull(`${registryName}/${image}`, { platform: 'linux/amd64' });
      assert.equal(result.status, 0, describeResult(result));
      stockPulls.push(image);
    }
  },
);

interface PublicState {
  readonly healthy: boolean;
  readonly reason?: string;
  readonly serial: number;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
