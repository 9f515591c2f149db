import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { numberedMirror } from '../../../test/fakes/mirrors.ts';
import { parseNetblock } from '../../net/netblock.ts';
import { frameByteRanges } from '../../oci/byteranges.ts';
import { digestOf } from '../../oci/digest.ts';
import { type ByteRange, parseRange } from '../../oci/range.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { createMirrorProbe } from './mirror-probe.ts';

const bytes = Buffer.from(Array.from({ length: 9000 }, (_, at) => at % 253));
const target = { repository: parseRepositoryName('test/image'), digest: digestOf(bytes), size: bytes.length };
const ranges = [
  { start: 0, end: 511 },
  { start: 8000, end: 8511 },
];
const expected = Buffer.concat(ranges.map(({ start, end }) => bytes.subarray(start, end + 1)));

async function ask(context: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const probe = createMirrorProbe({
    registry: 'images.example.org',
    version: '1.2.3',
    allowAddresses: [parseNetblock('127.0.0.1/32')],
    certificateAuthorities: [],
  });
  const way = { mirror: numberedMirror(1, { urls: [url] }), url, family: 4 } as const;
  const outcome = await probe.checkRange(way, target, ranges, expected, AbortSignal.timeout(10_000));
  return outcome.ok ? 'ok' : `${outcome.reason}: ${outcome.detail}`;
}

const send =
  (parts: readonly ByteRange[], size = bytes.length, of = bytes): RequestListener =>
  (_request, response) => {
    const frame = frameByteRanges(parts, size, 'b');
    response.writeHead(206, { 'content-type': frame.contentType });
    for (const [at, { start, end }] of parts.entries()) {
      response.write(frame.heads[at]);
      response.write(of.subarray(start, end + 1));
    }
    response.end(frame.tail);
  };

test('a mirror that sends the parts as they were asked for can do it', async (context) => {
  const asked = await ask(context, (request, response) => {
    const wanted = parseRange(request.headers.range, bytes.length);
    assert.ok(wanted.kind === 'parts');
    send(wanted.ranges)(request, response);
  });
  assert.equal(asked, 'ok');
});

test('one that sends anything else cannot, whatever it is', async (context) => {
  const cases: readonly [RequestListener, RegExp][] = [
    [(_request, response) => response.end(bytes), /^no-range: .*answered 200/],
    [(_request, response) => response.writeHead(206).end(bytes.subarray(0, 512)), /^no-range: .*one part/],
    [(_request, response) => response.writeHead(416).end(), /^status: it answered 416/],
    [send(ranges.toReversed()), /^no-range: .*other parts/],
    [send(ranges.slice(1)), /^no-range: .*other parts/],
    [send(ranges, 9001), /^no-range: .*other parts/],
    [send(ranges, bytes.length, Buffer.alloc(9000)), /^wrong-bytes/],
    [
      (_request, response) => {
        response.writeHead(206, { 'content-type': 'multipart/byteranges; boundary=b' });
        response.end(Buffer.alloc(10_000_000));
      },
      /^no-range: .*more than the parts/,
    ],
    [
      (_request, response) => response.writeHead(206, { 'content-type': 'multipart/byteranges' }).end(),
      /^no-range/,
    ],
  ];
  for (const [answer, said] of cases) assert.match(await ask(context, answer), said);
});
