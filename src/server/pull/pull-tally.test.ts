import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberedMirror } from '../../../test/fakes/mirrors.ts';
import type { Exchange, Handled } from './exchange.ts';
import { createPullTally } from './pull-tally.ts';
import type { BlobRoute } from './route-blob.ts';
import { createStatisticsWriter } from './statistics-writer.ts';

const noon = Date.UTC(2026, 0, 31, 12);
const digest = `sha256:${'0'.repeat(64)}`;
const clock = { time: noon, now: () => clock.time, monotonic: () => 0 };
const log = { debug() {}, info() {}, warn() {}, error() {} };

/** What a test says of a request that has ended: fields of the exchange, and what its handler did. */
type ReportedEnd = Readonly<Record<string, unknown>> & {
  readonly isList?: boolean;
  readonly routed?: object;
};

function ended(path: object, { isList, routed, ...over }: ReportedEnd = {}): [Exchange, Handled] {
  const place = { country: 'DE', asn: 64_500, source: 'test' };
  const exchange = {
    path: { repository: 'fedora/base', ...path },
    method: 'GET',
    status: 200,
    bytes: 0,
    client: { place, address: 'never looked at' },
    header: () => 'containerd/1.7.24',
    ...over,
  } as unknown as Exchange;
  return [exchange, { isList, routed: routed as BlobRoute }];
}
const byTag = { kind: 'manifest-by-tag', tag: '41' };
const byDigest = { kind: 'manifest', digest };
const blobPath = { kind: 'blob', digest };
const blob = { size: 1000, serial: 1 };
const redirected = {
  status: 307,
  routed: { outcome: 'redirected', blob, target: { mirror: numberedMirror(1) }, part: undefined },
};

function read(tally: ReturnType<typeof createPullTally>) {
  return Object.fromEntries(
    tally
      .take()
      .map(({ day, dimension, value, pulls, blobs, bytes }) => [
        `${day} ${dimension} ${value}`,
        [pulls, blobs, bytes],
      ]),
  );
}

test('a pull is a GET of a tag or of a list; blobs count with the bytes that they were sent for', () => {
  const tally = createPullTally(clock);
  tally.note(...ended(byTag, { method: 'HEAD', isList: true }));
  tally.note(...ended(byDigest, { isList: true }));
  tally.note(...ended(byDigest));
  tally.note(...ended(byTag, { isList: true }));
  tally.note(...ended(byTag, { status: 404 }));
  tally.note(...ended({ kind: 'manifest-by-tag', tag: `sha256-${'0'.repeat(64)}.sig` }));
  tally.note(...ended(blobPath, redirected));
  tally.note(
    ...ended(blobPath, {
      ...redirected,
      routed: { ...redirected.routed, part: { start: 900, toEnd: true } },
    }),
  );
  tally.note(...ended(blobPath, { bytes: 30, routed: { outcome: 'in-place', blob } }));
  tally.note(...ended(blobPath, { method: 'HEAD', routed: { outcome: 'described', blob } }));
  tally.note(...ended(blobPath, { status: 404, routed: { outcome: 'unknown' } }));
  assert.deepEqual(read(tally), {
    '2026-01-31 repository fedora/base': [2, 3, 1130],
    '2026-01-31 tag fedora/base:41': [2, 0, 0],
    '2026-01-31 country DE': [2, 3, 1130],
    '2026-01-31 asn AS64500': [2, 3, 1130],
    '2026-01-31 mirror mirror-1': [0, 2, 1100],
    '2026-01-31 mirror origin': [0, 1, 30],
    '2026-01-31 client containerd': [2, 3, 1130],
  });
  assert.deepEqual(tally.take(), []);
});

test('a mirror that is being filled pulls nothing, and its blobs are told apart', () => {
  const tally = createPullTally(clock);
  const sync = { header: () => 'signpost/1.2.3 (mirror sync)' };
  tally.note(...ended(byDigest, { ...sync, isList: true }));
  tally.note(...ended(blobPath, { ...sync, ...redirected }));
  const counted = read(tally);
  assert.deepEqual(counted['2026-01-31 repository fedora/base'], [0, 1, 1000]);
  assert.deepEqual(counted['2026-01-31 client mirror-sync'], [0, 1, 1000]);
});

test('what has no room is counted as other, and days are kept apart', () => {
  const tally = createPullTally(clock);
  for (let number = 0; number < 10_003; number += 1) {
    tally.note(...ended({ ...byTag, repository: `r/${number}` }));
  }
  const rows = tally.take().filter(({ dimension }) => dimension === 'repository');
  assert.equal(rows.length, 10_001);
  assert.equal(rows.find(({ value }) => value === 'other')?.pulls, 3);
  tally.note(...ended(byTag));
  clock.time = noon - 86_400_000;
  tally.note(...ended(byTag));
  clock.time = noon;
  assert.deepEqual(new Set(tally.take().map(({ day }) => day)), new Set(['2026-01-30', '2026-01-31']));
});

test('what could not be written is kept, and written with what came since, once', async () => {
  const tally = createPullTally(clock);
  const written = new Map<string, number>();
  const pruned: string[] = [];
  let broken = true;
  const writer = createStatisticsWriter({
    tally,
    statistics: {
      async add(rows) {
        if (broken) throw new Error('the disk is full');
        for (const { dimension, value, pulls } of rows) {
          const key = `${dimension} ${value}`;
          written.set(key, (written.get(key) ?? 0) + pulls);
        }
      },
      prune: async (before) => void pruned.push(before),
    },
    clock,
    log,
    pause: () => Promise.resolve(),
    interval: 1_000_000,
    keep: 10 * 86_400_000,
  });
  writer.start();
  tally.note(...ended(byTag));
  await writer.flush();
  assert.equal(written.size, 0);
  broken = false;
  tally.note(...ended(byTag));
  await writer.stop();
  assert.equal(written.get('tag fedora/base:41'), 2);
  assert.equal(written.get('client containerd'), 2);
  assert.deepEqual(pruned, ['2026-01-21']);
});
