import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import type { ContentSource } from '../ports/content-source.ts';
import type { IncomingFile } from '../ports/incoming-file.ts';
import { createFetcher } from './fetch-file.ts';
import { SourcePool } from './source-pool.ts';

const mebibyte = 1024 * 1024;

/** A source that sends 64 KiB each time so many milliseconds have passed. */
function createSource(name: string, pace: number, clock: { now: number }, via?: () => string | undefined) {
  const avoided: string[] = [];
  const source: ContentSource = {
    name,
    avoid: (host) => void avoided.push(host),
    open: (_path, offset) => {
      const host = avoided.length === 0 ? via?.() : undefined;
      return Promise.resolve({
        kind: 'found',
        offset,
        ...(host === undefined ? {} : { via: host }),
        read: async (limit, take) => {
          for (let sent = 0; sent < limit; sent += 65_536) {
            clock.now += via !== undefined && host === undefined ? 1 : pace;
            await take(Buffer.alloc(Math.min(65_536, limit - sent)));
          }
          return 'ended';
        },
      });
    },
  };
  return { source, avoided };
}

function createWriter() {
  let offset = 0;
  const incoming: IncomingFile = {
    get offset() {
      return offset;
    },
    restart: () => Promise.resolve(void (offset = 0)),
    write: (piece) => void (offset += piece.length),
    finish: () => Promise.resolve('placed'),
    [Symbol.asyncDispose]: () => Promise.resolve(void (offset = 0)),
  };
  return { adopt: () => Promise.resolve(false), receive: () => Promise.resolve(incoming) };
}

function createWorld(sources: readonly ContentSource[], clock: { now: number }) {
  const pool = new SourcePool(sources);
  const fetch = createFetcher({
    writer: createWriter(),
    sources: pool,
    advance: () => undefined,
    stop: new AbortController().signal,
    clock: { monotonic: () => clock.now },
  });
  let files = 0;
  return { pool, fetch: (size: number) => fetch({ path: 'x', size, digest: digestOf(`${files++}`) }) };
}

test('a source that only drips is left for a quick one, which goes on from there', async () => {
  const clock = { now: 0 };
  const slow = createSource('https://slow.example', 4000, clock);
  const quick = createSource('https://quick.example', 1, clock);
  const { pool, fetch } = createWorld([quick.source, slow.source], clock);
  const [origin, mirror] = pool.all;
  assert.ok(origin !== undefined && mirror !== undefined);
  // Nothing is known yet to compare it with: it is heard to the end.
  await fetch(2 * mebibyte);
  assert.equal(mirror.files, 1);
  mirror.active = 1;
  await fetch(2 * mebibyte);
  assert.equal(origin.files, 1);
  mirror.active = 0;
  clock.now = 0;
  await fetch(100 * mebibyte);
  assert.equal(origin.files, 2);
  assert.ok(clock.now < 60_000, `${clock.now} ms, and at the slow one's pace 6,400,000`);
});

test('of sources that are all slow none is left', async () => {
  const clock = { now: 0 };
  const sources = ['https://a.example', 'https://b.example'].map(
    (name) => createSource(name, 4000, clock).source,
  );
  const { pool, fetch } = createWorld(sources, clock);
  for (let file = 0; file < 4; file += 1) await fetch(2 * mebibyte);
  assert.ok(pool.all.every(({ left, strikes }) => left === undefined && strikes === 0));
});

test('where a source sends a request on to a slow mirror, it is asked for another one', async () => {
  const clock = { now: 0 };
  const next: { host?: string } = {};
  const origin = createSource('https://origin.example', 4000, clock, () => next.host);
  const { pool, fetch } = createWorld([origin.source], clock);
  await fetch(2 * mebibyte);
  next.host = 'slow.example';
  await fetch(100 * mebibyte);
  assert.deepEqual(origin.avoided, ['slow.example']);
  assert.equal(pool.all[0]?.files, 2);
});
