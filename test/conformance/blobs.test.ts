import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { rm, truncate } from 'node:fs/promises';
import { blobPath } from '../../src/adapters/tree/tree-paths.ts';
import { parseByteRanges, readBoundary } from '../../src/oci/byteranges.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import { numberedMirror } from '../fakes/mirrors.ts';
import {
  type Answer,
  japan,
  loopback,
  type RegistryUnderTest,
  startRegistry,
} from './registry-under-test.ts';

const repository = 'fedora/base';
const large = Buffer.alloc(300_000, 'large ');
const small = Buffer.from('a small one');
const mirrors = [
  numberedMirror(1, { country: 'DE' }),
  numberedMirror(2, { country: 'DE' }),
  numberedMirror(3, { country: 'FR' }),
  numberedMirror(4, { country: 'JP' }),
];

suite('Pulling blobs: redirected to a mirror', () => {
  let registry: RegistryUnderTest;
  let digest: Digest;
  let path: string;
  before(async () => {
    registry = await startRegistry({ mirrors, settings: { trustedProxies: [loopback] } });
    digest = await registry.publishBlob(repository, large);
    path = `/v2/${repository}/blobs/${digest}`;
  });
  after(() => registry[Symbol.asyncDispose]());
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

  test('GET answers 307 with the place, the alternatives in order, and the digest', async () => {
    const answer = await registry.ask(path, from('127.0.0.1'));
    assert.equal(answer.status, 307);
    const chosen = mirrors.find(({ urls: [url] }) => answer.headers.location === `${url}${path}`);
    assert.equal(chosen?.country, 'DE');
    assert.equal(answer.headers['docker-content-digest'], digest);
    const base64 = createHash('sha256').update(large).digest('base64');
    assert.equal(answer.headers['repr-digest'], `sha-256=:${base64}:`);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.body.length, 0);
    const links = String(answer.headers.link).split(', ');
    assert.equal(links.length, 3);
    const other = mirrors.find(({ id, country }) => country === 'DE' && id !== chosen?.id);
    assert.equal(links[0], `<${other?.urls[0]}${path}>; rel=duplicate; pri=1; geo=de`);
    assert.match(links[1] ?? '', /^<https:\/\/mirror-3\..*>; rel=duplicate; pri=2; geo=fr$/);
    assert.equal(links[2], `<${path}.meta4>; rel=describedby; type="application/metalink4+xml"`);
    assert.equal(answer.headers.vary, 'Accept');
  });

  test('a client elsewhere is sent elsewhere', async () => {
    const answer = await registry.ask(path, from(japan));
    assert.equal(answer.headers.location, `${mirrors[3]?.urls[0]}${path}`);
  });

  test('a client behind a proxy cannot choose its address', async () => {
    const answer = await registry.ask(path, from('127.0.0.9, 198.51.100.8'));
    assert.equal(answer.headers.location, `${mirrors[3]?.urls[0]}${path}`);
  });

  test('HEAD is answered in place', async () => {
    const answer = await registry.ask(path, { method: 'HEAD', ...from('127.0.0.2') });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-length'], String(large.length));
    assert.equal(answer.headers['docker-content-digest'], digest);
    assert.equal(answer.headers['accept-ranges'], 'bytes');
  });

  test('the log says why, and the prober is told', async () => {
    const answer = await registry.ask(path, from('127.0.0.3'));
    const line = registry.lines.at(-1);
    assert.equal(line?.event, 'request');
    const { fields } = line ?? {};
    assert.equal(fields?.outcome, 'redirected');
    assert.equal(fields.tier, 'country');
    assert.equal(fields.client, '127.0.0.3');
    assert.equal(fields.status, 307);
    assert.ok(answer.headers.location?.includes(`/${String(fields.mirror)}.`));
    assert.equal(`mirror-${registry.sent.at(-1)}`, fields.mirror);
  });
});

test('Pulling blobs: a client that asks again soon is sent to the next mirror, and the last one is suspected', async () => {
  let now = 1_000_000;
  await using registry = await startRegistry({ mirrors, now: () => now });
  const digest = await registry.publishBlob(repository, large);
  const locations: string[] = [];
  for (const [wait, headers] of [
    [0, {}],
    [5000, {}],
    [5000, { range: 'bytes=700-' }],
  ] as const) {
    now += wait;
    const answer = await registry.ask(`/v2/${repository}/blobs/${digest}`, { headers });
    locations.push(String(answer.headers.location));
  }
  assert.equal(new Set(locations).size, 3);
  const target = { repository, digest, size: large.length };
  assert.equal(registry.suspects.length, 2);
  for (const [index, { mirror, ...failureReport }] of registry.suspects.entries()) {
    assert.ok(locations[index]?.includes(`//mirror-${mirror}.`));
    assert.deepEqual(failureReport, { target, network: '127.0.0.0', offset: [undefined, 700][index] });
  }
});

suite('Pulling blobs: sent by the origin where no mirror qualifies', () => {
  let registry: RegistryUnderTest;
  let path: string;
  let smallPath: string;
  before(async () => {
    registry = await startRegistry();
    path = `/v2/${repository}/blobs/${await registry.publishBlob(repository, large)}`;
    smallPath = `/v2/${repository}/blobs/${await registry.publishBlob(repository, small)}`;
  });
  after(() => registry[Symbol.asyncDispose]());
  const both = () => [[path, large] as const, [smallPath, small] as const];

  test('whole, with its digest', async () => {
    for (const [path, bytes] of both()) {
      const answer = await registry.ask(path);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, bytes);
      assert.equal(answer.headers['docker-content-digest'], path.slice(path.lastIndexOf('/') + 1));
      assert.equal(answer.headers['accept-ranges'], 'bytes');
    }
    const outcomes = registry.lines.slice(-2).map(({ fields }) => [fields.outcome, fields.bytes]);
    assert.deepEqual(outcomes, [
      ['from-origin-without-mirror', large.length],
      ['in-place', small.length],
    ]);
  });

  test('in part: RFC 9110, section 14', async () => {
    for (const [path, bytes] of both()) {
      const { length } = bytes;
      const parts: readonly [string, number, number][] = [
        ['bytes=0-0', 0, 0],
        ['bytes=3-5', 3, 5],
        ['bytes=4-', 4, length - 1],
        ['bytes=-3', length - 3, length - 1],
        [`bytes=2-${length + 1000}`, 2, length - 1],
        [`bytes=-${length * 2}`, 0, length - 1],
      ];
      for (const [range, start, end] of parts) {
        const answer = await registry.ask(path, { headers: { range } });
        assert.equal(answer.status, 206, range);
        assert.equal(answer.headers['content-range'], `bytes ${start}-${end}/${length}`);
        assert.equal(answer.headers['content-length'], String(end - start + 1));
        assert.deepEqual(answer.body, bytes.subarray(start, end + 1));
      }
    }
  });

  test('a range past the end is 416 and says the size', async () => {
    for (const [path, bytes] of both()) {
      for (const range of [`bytes=${bytes.length}-`, 'bytes=999999999-', 'bytes=-0']) {
        const answer = await registry.ask(path, { headers: { range } });
        assert.equal(answer.status, 416, range);
        assert.equal(answer.headers['content-range'], `bytes */${bytes.length}`);
      }
    }
  });

  test('a malformed range and thousands of ranges cost what the whole costs', async () => {
    const many = `bytes=${Array.from({ length: 1500 }, (_, at) => `${at}-${at}`).join(',')}`;
    for (const range of [many, 'bytes=5-2', 'bytes=a-b', 'bytes=-', 'lines=1-2', 'bytes=0-3,2-5']) {
      const answer = await registry.ask(path, { headers: { range } });
      assert.equal(answer.status, 200, range.slice(0, 20));
      assert.equal(answer.body.length, large.length);
    }
  });

  test('several ranges are answered in one body, streamed or from memory', async () => {
    for (const [asked, bytes] of [
      [path, large],
      [smallPath, small],
    ] as const) {
      const last = bytes.length - 1;
      const range = `bytes=5-6, ${last - 1}-, 0-2`;
      const answer = await registry.ask(asked, { headers: { range } });
      assert.equal(answer.status, 206);
      assert.equal(answer.headers['content-length'], String(answer.body.length));
      const boundary = readBoundary(answer.headers['content-type']) ?? assert.fail();
      const parts = parseByteRanges(answer.body, boundary) ?? assert.fail();
      assert.deepEqual(
        parts.map((part) => [part.range.start, part.range.end, part.size]),
        [
          [5, 6, bytes.length],
          [last - 1, last, bytes.length],
          [0, 2, bytes.length],
        ],
      );
      for (const { range, bytes: sent } of parts) {
        assert.deepEqual(Buffer.from(sent), bytes.subarray(range.start, range.end + 1));
      }
      const past = await registry.ask(asked, {
        headers: { range: `bytes=${bytes.length}-,${bytes.length + 5}-` },
      });
      assert.equal(past.status, 416);
    }
  });

  test('If-Range: a part of the same bytes, or the whole of others', async () => {
    const { etag = '' } = (await registry.ask(path, { method: 'HEAD' })).headers;
    const ask = (condition: string): Promise<Answer> =>
      registry.ask(path, { headers: { range: 'bytes=0-9', 'if-range': condition } });
    assert.equal((await ask(etag)).status, 206);
    assert.equal((await ask('"other"')).status, 200);
    assert.equal((await ask('Mon, 01 Jan 2024 00:00:00 GMT')).status, 200);
  });

  test('If-None-Match: 304', async () => {
    for (const [path] of both()) {
      const { etag = '' } = (await registry.ask(path)).headers;
      assert.equal((await registry.ask(path, { headers: { 'if-none-match': etag } })).status, 304);
    }
  });

  test('HEAD says what GET says', async () => {
    const names = [
      'content-length',
      'content-type',
      'etag',
      'cache-control',
      'accept-ranges',
      'docker-content-digest',
    ];
    for (const [path] of both()) {
      const { etag = '' } = (await registry.ask(path)).headers;
      for (const headers of [{}, { 'if-none-match': etag }, { 'if-none-match': '"other"' }]) {
        const [get, head] = [
          await registry.ask(path, { headers }),
          await registry.ask(path, { method: 'HEAD', headers }),
        ];
        assert.equal(head.status, get.status);
        assert.equal(head.body.length, 0);
        for (const name of names) assert.equal(head.headers[name], get.headers[name], name);
      }
      const part = await registry.ask(path, { method: 'HEAD', headers: { range: 'bytes=0-1' } });
      assert.equal(part.status, 200, 'only GET has ranges');
    }
  });

  test('one network cannot take all streams, and readers that are too slow lose theirs', async (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    await using registry = await startRegistry({
      originStreams: 5,
      settings: { trustedProxies: [loopback] },
    });
    const huge = Buffer.alloc(30_000_000);
    const path = `/v2/${repository}/blobs/${await registry.publishBlob(repository, huge)}`;
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    const slow = [1, 2, 3, 4].map((host) => openWithoutReading(registry.port, path, `192.0.2.${host}`));
    await Promise.all(slow.map(({ begun }) => begun));
    assert.equal((await registry.ask(path, from('192.0.2.9'))).status, 503);
    assert.equal((await registry.ask(path, from('198.51.100.9'))).status, 200);
    // In the first window they have taken what the sockets hold; in the second nothing.
    context.mock.timers.tick(30_000);
    assert.equal((await registry.ask(path, from('192.0.2.9'))).status, 503);
    context.mock.timers.tick(30_000);
    await Promise.all(slow.map(({ ended }) => ended()));
    while (registry.lines.filter(({ fields }) => fields.status === 200).length < 5) await sleep(5);
    assert.equal((await registry.ask(path, from('192.0.2.9'))).status, 200);
  });

  test('no more streams than allowed: 503 with Retry-After', async () => {
    await using registry = await startRegistry({ originStreams: 1 });
    const huge = Buffer.alloc(30_000_000);
    const path = `/v2/${repository}/blobs/${await registry.publishBlob(repository, huge)}`;
    const first = await fetch(registry.url + path);
    const answer = await registry.ask(path);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], '5');
    assert.equal((await first.arrayBuffer()).byteLength, huge.length);
    // The log line of the first comes when its stream has ended.
    while (registry.lines.length < 2) await sleep(5);
    assert.equal((await registry.ask(path)).status, 200);
  });

  test('a file that is gone, or shorter than it was, is an error and never a short answer', async () => {
    await using registry = await startRegistry();
    const digest = await registry.publishBlob(repository, large);
    const file = blobPath(registry.tree, parseRepositoryName(repository), digest);
    await truncate(file, 1000);
    const gone = await registry.ask(`/v2/${repository}/blobs/${digest}`);
    assert.equal(gone.status, 500);
    // Waiting helps only where the answer is 503.
    assert.equal(gone.headers['retry-after'], undefined);
    await rm(file);
    assert.equal((await registry.ask(`/v2/${repository}/blobs/${digest}`)).status, 404);
  });
});

/** A client that asks for a blob, and takes its head alone. */
function openWithoutReading(port: number, path: string, address: string) {
  const socket = connect(port, '127.0.0.1');
  const begun = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  socket.on('error', () => undefined);
  socket.on('close', () => closed.resolve());
  socket.once('data', () => {
    socket.pause();
    begun.resolve();
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\n\r\n`);
  return {
    begun: begun.promise,
    /** Reads on until the server has closed the connection. */
    ended: () => {
      socket.resume();
      return closed.promise;
    },
  };
}
