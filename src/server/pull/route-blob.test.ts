import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMemoryPublications } from '../../../test/fakes/memory-publications.ts';
import { healthyStates, numberedMirror } from '../../../test/fakes/mirrors.ts';
import { parseIpAddress } from '../../net/address.ts';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import { createMirrorTable } from '../../mirrors/mirror-table.ts';
import { RetryMemory } from '../../mirrors/retry-memory.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { type BlobRequest, type BlobRoute, routeBlob } from './route-blob.ts';
import { compileSnapshot } from './compile-snapshot.ts';

const repository = parseRepositoryName('fedora/base');
const digest = digestOf('large');
const tiny = digestOf('tiny');
const client = {
  address: parseIpAddress('192.0.2.1'),
  secure: true,
  place: { country: 'DE', source: 'test' },
};

async function createRoute(mirrors: readonly Mirror[], changes: Partial<MirrorState> = {}) {
  const { publications, content } = createMemoryPublications();
  await publications.publish({
    tags: [],
    manifests: [],
    blobs: [
      { repository, digest, size: 1_000_000 },
      { repository, digest: tiny, size: 100 },
    ],
  });
  const snapshot = await compileSnapshot(content, undefined, async () => {});
  const table = createMirrorTable(mirrors, healthyStates(mirrors, changes));
  const retries = new RetryMemory();
  const routing = { snapshot, mirrors: table, retries, inlineSize: 100, alternatives: 2 };
  /** Routes, and remembers where the client was sent, as the server does. */
  return (request: Partial<BlobRequest> = {}): BlobRoute => {
    const asked = {
      method: 'GET',
      form: 'bytes',
      repository,
      digest,
      client,
      range: undefined,
      now: 0,
      ...request,
    } as const;
    const route = routeBlob(asked, routing);
    if (route.outcome === 'redirected') {
      const { part, target } = route;
      const { digest, now } = asked;
      retries.sent({ address: client.address, digest, part, now }, target.mirror.id);
    }
    return route;
  };
}

const three = [numberedMirror(1), numberedMirror(2), numberedMirror(3)];

test('what is not published in the repository is unknown', async () => {
  const route = await createRoute(three);
  assert.equal(route({ digest: digestOf('absent') }).outcome, 'unknown');
  assert.equal(route({ repository: parseRepositoryName('other/name') }).outcome, 'unknown');
});

test('HEAD is described, small blobs are sent in place, others are redirected', async () => {
  const route = await createRoute(three);
  assert.equal(route({ method: 'HEAD' }).outcome, 'described');
  assert.equal(route({ method: 'HEAD', digest: tiny }).outcome, 'described');
  assert.equal(route({ digest: tiny }).outcome, 'in-place');
  const redirected = route();
  assert.ok(redirected.outcome === 'redirected');
  assert.equal(redirected.ranked.length, 3);
  assert.equal(redirected.target, redirected.ranked[0]);
});

test('who asks where a blob is, is told, and is not remembered as having been sent anywhere', async () => {
  const route = await createRoute(three);
  for (const method of ['GET', 'HEAD'] as const) {
    for (const asked of [digest, tiny]) {
      const listed = route({ form: 'metalink', method, digest: asked });
      assert.ok(listed.outcome === 'metalink');
      assert.equal(listed.ranked.length, 3);
    }
  }
  const traced = route({ form: 'trace', client: { ...client, avoided: [2 as MirrorId] } });
  assert.ok(traced.outcome === 'traced');
  assert.equal(traced.ranked.length, 2);
  assert.deepEqual(
    traced.rejected.map(({ mirror, reason }) => [mirror.id, reason]),
    [[2, 'avoided']],
  );
  assert.equal(route({ form: 'metalink', digest: digestOf('absent') }).outcome, 'unknown');
  const first = route();
  assert.ok(first.outcome === 'redirected' && first.tried.length === 0);
});

test('a client is not sent to a mirror that it avoids: the origin serves when none is left', async () => {
  const route = await createRoute(three);
  const without = (...ids: number[]) => route({ client: { ...client, avoided: ids as MirrorId[] } });
  const some = without(1, 2);
  assert.ok(some.outcome === 'redirected');
  assert.deepEqual(
    some.ranked.map(({ mirror }) => mirror.id),
    [3],
  );
  assert.equal(without(1, 2, 3).outcome, 'from-origin-without-mirror');
});

test('without an eligible mirror the origin serves, and every mirror has its reason', async () => {
  const route = await createRoute(three, { healthy: false });
  const served = route();
  assert.ok(served.outcome === 'from-origin-without-mirror');
  assert.deepEqual(
    served.rejected.map(({ reason }) => reason),
    ['unhealthy', 'unhealthy', 'unhealthy'],
  );
  const none = await createRoute([]);
  assert.equal(none().outcome, 'from-origin-without-mirror');
});

test('a client that keeps asking goes round the mirrors and then to the origin, once', async () => {
  const route = await createRoute(three);
  const outcomes = [0, 5, 10, 15, 20].map((seconds) => {
    const found = route({ now: seconds * 1000 });
    return found.outcome === 'redirected' ? found.target.mirror.name : found.outcome;
  });
  assert.equal(new Set(outcomes.slice(0, 3)).size, 3);
  assert.equal(outcomes[3], 'from-origin-asked-again');
  assert.match(outcomes[4] ?? '', /^mirror-/, 'the round begins again');
});

test('parallel ranges stay with one mirror until one comes again, and never reach the origin', async () => {
  const route = await createRoute(three);
  const names = new Set<string>();
  for (let part = 0; part < 50; part += 1) {
    const found = route({ range: `bytes=${part * 1024}-`, now: part * 100 });
    assert.ok(found.outcome === 'redirected', `part ${part}`);
    names.add(found.target.mirror.name);
  }
  assert.equal(names.size, 1);
  const again = route({ range: `bytes=${49 * 1024}-`, now: 6000 });
  assert.ok(again.outcome === 'redirected');
  assert.ok(!names.has(again.target.mirror.name));
  const next = route({ range: `bytes=${50 * 1024}-`, now: 6100 });
  assert.ok(next.outcome === 'redirected' && next.target.mirror === again.target.mirror);
});

test('several parts at once are asked of mirrors that can send them, and of the origin where there is none', async () => {
  const several = { range: 'bytes=0-9,500-509' };
  const without = await createRoute(three);
  const served = without(several);
  assert.ok(served.outcome === 'from-origin-without-mirror');
  assert.deepEqual(new Set(served.rejected.map(({ reason }) => reason)), new Set(['several-parts']));
  assert.equal(without({ range: 'bytes=0-9' }).outcome, 'redirected');
  const able = await createRoute(three, { severalParts: true });
  const first = able(several);
  assert.ok(first.outcome === 'redirected');
  const next = able({ range: 'bytes=600-609,20-29', now: 5000 });
  assert.ok(next.outcome === 'redirected' && next.target.mirror === first.target.mirror);
  const again = able({ ...several, now: 9000, range: 'bytes=600-609,20-29' });
  assert.ok(again.outcome === 'redirected' && again.target.mirror !== first.target.mirror);
});

test('whatever is asked, there is an outcome, and never a mirror that was just tried while others are left', async () => {
  const route = await createRoute(three);
  let now = 0;
  fc.assert(
    fc.property(
      fc.constantFrom('GET' as const, 'HEAD' as const),
      fc.option(fc.string(), { nil: undefined }),
      fc.nat(10_000),
      (method, range, wait) => {
        now += wait;
        const found = route({ method, range, now });
        if (found.outcome !== 'redirected') return;
        if (found.tried.length < three.length) assert.ok(!found.tried.includes(found.target.mirror.id));
      },
    ),
  );
});

test('docs/request-handling.md draws every outcome, and no other', () => {
  const page = readFileSync(new URL('../../../docs/request-handling.md', import.meta.url), 'utf8');
  const source = readFileSync(new URL('route-blob.ts', import.meta.url), 'utf8');
  const union = /export type BlobRoute =([\s\S]*?);\n\n/.exec(source)?.[1] ?? '';
  const declared = [...union.matchAll(/outcome: ((?:'[a-z-]+'(?: \| )?)+)/g)].flatMap(([, names = '']) =>
    [...names.matchAll(/'([a-z-]+)'/g)].map(([, name]) => name),
  );
  const drawn = [...page.matchAll(/\[\[([a-z-]+):/g)].map(([, name]) => name);
  const told = [...page.matchAll(/^- \*\*([a-z-]+)\*\*/gm)].map(([, name]) => name);
  assert.equal(declared.length, 8);
  assert.deepEqual(new Set(drawn), new Set(declared));
  assert.deepEqual(new Set(told), new Set(declared));
});
