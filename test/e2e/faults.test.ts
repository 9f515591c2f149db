import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MirrorFault } from '../fakes/mirror-faults.ts';
import {
  type ClientName,
  clientNames,
  type PlacedClient,
  startClient,
} from './harness/clients/all-clients.ts';
import { readClientVersion } from './harness/clients/client-version.ts';
import { buildBlobsImage, type BlobsImage } from './harness/blobs-image.ts';
import { type CommandResult, describeResult, mustRun } from './harness/command.ts';
import { eventually } from './harness/eventually.ts';
import { formatFailureTable, type Outcome, readColumn } from './harness/failure-table.ts';
import { type MirrorPair, startPairedMirror } from './harness/mirror-pair.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { requirements } from './harness/requirements.ts';
import type { LogLine, Serving } from './harness/signpost.ts';
import { untilAllAreIn } from './harness/static-mirrors.ts';
import { type Country, createWorld, mirrorAddresses, registryName, type World } from './harness/world.ts';

const needs = requirements(
  ...(['containerd', 'ctr', 'docker', 'dockerd', 'gpg', 'podman', 'rsync', 'skopeo'] as const),
);

/** What people call each fault, in the order of the page. */
const faults: Readonly<Partial<Record<MirrorFault, string>>> = {
  refused: 'refuses connections',
  'status-404': 'answers 404',
  'status-503': 'answers 503',
  truncated: 'closes in the middle of a blob',
  reset: 'resets in the middle of a blob',
  corrupt: 'sends a wrong byte',
  stall: 'takes the request and says nothing',
  'stall-body': 'stands still in the middle of a blob',
};
const page = join(import.meta.dirname, '../../docs/client-failures.md');
const reference = `${registryName}/demo/blobs:1.0`;
const platform = 'linux/amd64';
const countries: Readonly<Record<ClientName, Country>> = {
  docker: 'DE',
  containerd: 'US',
  podman: 'FR',
  skopeo: 'JP',
};
/** Milliseconds after which a pull counts as standing still; docker may try five times with pauses in between. */
const stillAfter: Readonly<Partial<Record<MirrorFault, number>>> = { stall: 15_000, 'stall-body': 15_000 };
const patience = 120_000;
const tries = 3;
/** Milliseconds after its first failure in which a mirror may still be handed out. */
const lingering = 5000;

describe('when the first mirror fails', needs, () => {
  let world: World;
  let image: BlobsImage;
  let serving: Serving;
  /** What every mirror serves. */
  let copy: string;
  const clients = new Map<ClientName, PlacedClient & { pair: MirrorPair }>();
  const rows = new Map<string, Map<ClientName, Outcome>>();

  before(async () => {
    world = await createWorld();
    image = await buildBlobsImage(world.work);
    await world.signpost.publish(`oci:${image.layout}`, 'demo/blobs:1.0');
    await world.signpost.sign(world.key);
    copy = world.work.folder('copy');
    await mustRun('rsync', ['-aH', `${world.signpost.tree}/`, copy]);
    for (const name of clientNames) {
      const second = await startMirror(name, 'second', `${name}-second`);
      const pair = { country: countries[name], first: second, second };
      clients.set(name, { ...(await startClient(world, name)), pair });
    }
    serving = world.parts.use(await world.signpost.serve());
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  for (const [fault, words] of Object.entries(faults) as [MirrorFault, string][]) {
    describe(`and ${words}`, { concurrency: true }, () => {
      for (const name of clientNames)
        it(`${name} takes no wrong byte, is led around it, and finds it again when it is repaired`, async (t) => {
          const outcome = await meetFault(t, name, fault);
          const row = rows.get(words) ?? new Map<ClientName, Outcome>();
          rows.set(words, row.set(name, outcome));
        });
    });
  }

  it('docs/client-failures.md says what was measured', async (t) => {
    const versions = new Map<ClientName, string>();
    for (const name of clientNames) versions.set(name, await readClientVersion(name));
    for (const [fault, row] of rows) assert.equal(row.size, clientNames.length, `not all clients: ${fault}`);
    assert.equal(rows.size, Object.keys(faults).length, 'some faults were not met');
    if (process.env.SIGNPOST_WRITE_DOCS === '1') writeFileSync(page, formatFailureTable({ versions, rows }));
    const written = readFileSync(page, 'utf8');
    for (const [name, version] of versions) {
      const column = readColumn(written, name, version);
      if (column === undefined) {
        t.diagnostic(
          `${name} ${version} is not in the page: ${JSON.stringify([...rows].map(([fault, row]) => [fault, row.get(name)]))}`,
        );
        continue;
      }
      const measured = [...rows].map(([fault, row]) => [fault, row.get(name)]);
      assert.deepEqual(
        measured,
        [...column],
        `${name} did otherwise than ${page} says; to write it anew: SIGNPOST_WRITE_DOCS=1 npm run e2e`,
      );
    }
  });

  /** Has a client meet the fault, and checks everything that must hold whatever the client does. */
  async function meetFault(t: TestContext, name: ClientName, fault: MirrorFault): Promise<Outcome> {
    const found = clientOf(name);
    found.pair = { ...found.pair, first: await startMirror(name, 'first', `${name}-${fault}`) };
    const { client, pair } = found;
    const { began, result } = await pullIntoFault(name, fault);
    let outcome: Outcome = result.status === 0 ? 'recovers' : result.timedOut ? 'stands still' : 'fails';
    const firstSent = sentTo(pair.first.name, began)[0]?.at ?? 0;
    const pulled = Date.now();

    let last = result;
    let asked = 1;
    for (; last.status !== 0 && asked < tries; asked += 1) {
      if (last.timedOut && asked > 1 && client.restart !== undefined) {
        outcome = 'hangs';
        await client.restart();
      }
      await sleep(1000);
      last = await client.pull(reference, {
        platform,
        timeout: outcome === 'stands still' ? 20_000 : patience,
      });
    }
    assert.equal(last.status, 0, `${name} did not get the image at try ${asked}\n${describeResult(last)}`);
    await assertRightBytes(name);

    await sleep(Math.max(0, firstSent + lingering - Date.now()));
    for (const layer of image.layers) {
      const location = await whereIs(layer, world.newAddress(pair.country));
      assert.ok(
        !location.startsWith(pair.first.server.url),
        `${pair.first.name} is still handed out ${Date.now() - firstSent} ms after it failed first`,
      );
    }
    await sleep(400);
    const late = sentTo(pair.first.name, firstSent + lingering).map(({ at }) => at - firstSent);
    assert.deepEqual(late, [], `${pair.first.name} was handed out so many ms after its first failure`);

    await pair.first.server.setFault('none');
    const repaired = Date.now();
    await eventually(`${pair.first.name} is handed out again`, 15_000, async () => {
      const location = await whereIs(image.layers[0] ?? '', world.newAddress(pair.country));
      return location.startsWith(pair.first.server.url);
    });
    const out = mirrorEvents(pair.first.name, began).map(
      ({ event, reason, time }) => `${event} (${reason ?? 'good'}) at ${Date.parse(time) - firstSent} ms`,
    );
    t.diagnostic(
      `${name}, ${fault}: ${outcome} after ${pulled - began} ms, ${asked} pulls; since the first redirect: ` +
        `${out.join(', ')}; handed out again ${Date.now() - repaired} ms after its repair; first pull said: ` +
        JSON.stringify(result.stderr.trim().split('\n').at(-1)?.slice(0, 300)),
    );
    await client.forget();
    await world.signpost.must('mirror', 'remove', pair.first.name, '--yes');
    return outcome;
  }

  function startMirror(client: ClientName, kind: 'first' | 'second', name: string) {
    const index = 2 * clientNames.indexOf(client) + (kind === 'first' ? 0 : 1);
    const address = mirrorAddresses[index] ?? '';
    return startPairedMirror(world, { country: countries[client], kind, name, address, root: copy });
  }

  /**
   * Pulls with a mirror that fails from the moment at which the client begins. A probe may still find it before the
   * client is sent there: then it is done again.
   */
  async function pullIntoFault(
    name: ClientName,
    fault: MirrorFault,
  ): Promise<{ readonly began: number; readonly result: CommandResult }> {
    const { client, pair, place } = clientOf(name);
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await untilAllAreIn(serving, [pair.first.name, pair.second.name]);
      await client.forget();
      place.moveTo(world.newAddress(pair.country));
      const began = Date.now();
      place.onNextConnection(() => void pair.first.server.setFault(fault));
      const result = await client.pull(reference, { platform, timeout: stillAfter[fault] ?? patience });
      await sleep(400);
      const redirected = new Set(sentTo(pair.first.name, began).map(({ line }) => line.digest));
      if (redirected.size > 0) return { began, result };
      await pair.first.server.setFault('none');
    }
    throw new Error(`${name} was never sent to ${pair.first.name}`);
  }

  async function assertRightBytes(name: ClientName) {
    const { client } = clientOf(name);
    assert.equal(await client.configDigest(reference), image.config);
    for (const { path, sha256 } of image.files) {
      const file = await client.takeFile(reference, path, platform);
      assert.equal(
        createHash('sha256').update(readFileSync(file)).digest('hex'),
        sha256,
        `${name} took a wrong byte`,
      );
    }
  }

  /** Where somebody at `from` is sent for a blob. */
  async function whereIs(digest: string, from: string): Promise<string> {
    const asked = request({
      host: '127.0.0.1',
      port: world.port,
      path: `/v2/demo/blobs/blobs/${digest}`,
      localAddress: from,
      agent: false,
      servername: registryName,
      ca: readFileSync(world.certificates.authority),
      headers: { host: registryName },
    });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    return response.headers.location ?? '';
  }

  function sentTo(mirror: string, since: number): { readonly at: number; readonly line: LogLine }[] {
    return serving
      .log()
      .filter((line) => line.event === 'request' && line.outcome === 'redirected' && line.mirror === mirror)
      .map((line) => ({ at: Date.parse(line.time), line }))
      .filter(({ at }) => at >= since);
  }

  function mirrorEvents(mirror: string, since: number): readonly LogLine[] {
    return serving
      .log()
      .filter((line) => line.event.startsWith('mirror is') && line.mirror === mirror)
      .filter(({ time }) => Date.parse(time) >= since);
  }

  function clientOf(name: ClientName) {
    const found = clients.get(name);
    if (found === undefined) throw new Error(`${name} has not been started`);
    return found;
  }
});
