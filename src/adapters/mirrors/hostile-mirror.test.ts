import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { createCertificateAuthority } from '../../../demo/certificates.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { parseNetblock } from '../../net/netblock.ts';
import type { AddressFamily, MirrorWay, ProbeTarget } from '../../ports/mirror-probe.ts';
import { numberedMirror } from '../../../test/fakes/mirrors.ts';
import { createMirrorAddressResolver } from '../http-client/mirror-address-resolver.ts';
import { createMirrorProbe, type MirrorProbeOptions } from './mirror-probe.ts';

const bytes = randomBytes(3_000_000);
const target: ProbeTarget = {
  repository: parseRepositoryName('test/image'),
  digest: digestOf(bytes),
  size: bytes.length,
};
const range = { start: 1_000_000, end: 1_065_535 };
const part = bytes.subarray(range.start, range.end + 1);

interface Hostile {
  readonly port: number;
  connections(): number;
}

/** A server that answers as the test says, gone when the test ends. */
async function listen(
  context: TestContext,
  answer: RequestListener,
  { address = '127.0.0.1', tls }: { address?: string; tls?: { certificate: string; key: string } } = {},
): Promise<Hostile> {
  const server =
    tls === undefined
      ? createServer(answer)
      : createTlsServer({ cert: tls.certificate, key: tls.key }, answer);
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, address);
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

const probeOf = (options: Partial<MirrorProbeOptions> = {}) =>
  createMirrorProbe({
    registry: 'images.example.org',
    version: '1.2.3',
    allowAddresses: [parseNetblock('127.0.0.1/32'), parseNetblock('::1/128')],
    certificateAuthorities: [],
    ...options,
  });
const wayTo = (url: string, family: AddressFamily = 4): MirrorWay => ({
  mirror: numberedMirror(1, { urls: [url] }),
  url,
  family,
});
const soon = () => AbortSignal.timeout(10_000);
const good: RequestListener = (request, response) => {
  const wanted = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  if (wanted === null) {
    response.writeHead(200, { 'content-length': bytes.length });
    response.end(request.method === 'HEAD' ? undefined : bytes);
    return;
  }
  const [start, end] = [Number(wanted[1]), Number(wanted[2])];
  response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${bytes.length}` });
  response.end(bytes.subarray(start, end + 1));
};

suite('a mirror that redirects', () => {
  test('in a loop is asked once', async (context) => {
    let asked = 0;
    const mirror = await listen(context, (request, response) => {
      asked += 1;
      response.writeHead(302, { location: request.url ?? '/' }).end();
    });
    const way = wayTo(`http://127.0.0.1:${mirror.port}`);
    for (const ask of [
      probeOf().checkRange(way, target, range, part, soon()),
      probeOf().checkHead(way, target, soon()),
      probeOf().checkWhole(way, target, soon()),
      probeOf().readSerial(way, soon()),
    ]) {
      const outcome = await ask;
      assert.equal(outcome.ok ? 'ok' : outcome.reason, 'redirect');
    }
    assert.equal(asked, 4);
  });

  test('to an address that is not allowed makes no connection to it, over http or https', async (context) => {
    const inside = await listen(context, good, { address: '127.0.0.2' });
    for (const location of [`http://127.0.0.2:${inside.port}/`, `//127.0.0.2:${inside.port}/`]) {
      const mirror = await listen(context, (_request, response) => {
        response.writeHead(307, { location }).end();
      });
      const outcome = await probeOf().checkRange(
        wayTo(`http://127.0.0.1:${mirror.port}`),
        target,
        range,
        part,
        soon(),
      );
      assert.ok(!outcome.ok);
      assert.match(outcome.detail, /it redirects to .*127\.0\.0\.2/);
    }
    assert.equal(inside.connections(), 0);
    const direct = await probeOf().checkHead(wayTo(`http://127.0.0.2:${inside.port}`), target, soon());
    assert.equal(direct.ok ? 'ok' : direct.reason, 'address-not-allowed');
    assert.equal(inside.connections(), 0);
  });

  test('from https to http is down', async (context) => {
    const { authority, issue } = await createAuthority(context);
    const plain = await listen(context, good);
    const mirror = await listen(
      context,
      (request, response) => {
        response.writeHead(301, { location: `http://127.0.0.1:${plain.port}${request.url}` }).end();
      },
      { tls: await issue(3_600_000) },
    );
    const probe = probeOf({ certificateAuthorities: [authority] });
    const outcome = await probe.checkRange(
      wayTo(`https://127.0.0.1:${mirror.port}`),
      target,
      range,
      part,
      soon(),
    );
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'redirect');
    assert.match(outcome.detail, /plain http/);
    assert.equal(plain.connections(), 0);
  });
});

suite('a mirror that answers 200 for everything', () => {
  const everything: RequestListener = (_request, response) => response.end('<html>Welcome!</html>');
  test('fails every kind of check', async (context) => {
    const mirror = await listen(context, everything);
    const way = wayTo(`http://127.0.0.1:${mirror.port}`);
    const outcomes = [
      await probeOf().checkRange(way, target, range, part, soon()),
      await probeOf().checkHead(way, target, soon()),
      await probeOf().checkWhole(way, target, soon()),
      await probeOf().readSerial(way, soon()),
    ];
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.reason)),
      ['no-range', 'status', 'truncated', 'marker'],
    );
  });
});

suite('a whole blob', () => {
  test('passes with its digest, and a HEAD with its size', async (context) => {
    const mirror = await listen(context, good);
    const way = wayTo(`http://127.0.0.1:${mirror.port}`);
    const outcome = await probeOf().checkWhole(way, target, soon());
    assert.deepEqual([outcome.ok, outcome.bytes], [true, bytes.length]);
    assert.equal((await probeOf().checkHead(way, target, soon())).ok, true);
    const larger = { ...target, size: target.size + 1 };
    const head = await probeOf().checkHead(way, larger, soon());
    assert.equal(head.ok ? 'ok' : head.reason, 'truncated');
  });

  test('with one flipped bit is found, wherever it is', async (context) => {
    const flipped = Buffer.from(bytes);
    flipped[2_345_678] = (flipped[2_345_678] ?? 0) ^ 4;
    const mirror = await listen(context, (_request, response) => response.end(flipped));
    const outcome = await probeOf().checkWhole(wayTo(`http://127.0.0.1:${mirror.port}`), target, soon());
    assert.equal(outcome.ok ? 'ok' : outcome.reason, 'wrong-bytes');
  });

  test('that never ends is not read beyond its size', async (context) => {
    let sent = 0;
    const mirror = await listen(context, (_request, response) => {
      const piece = Buffer.alloc(65_536);
      const more = () => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
      };
      response.on('drain', more);
      more();
    });
    const outcome = await probeOf().checkWhole(wayTo(`http://127.0.0.1:${mirror.port}`), target, soon());
    assert.equal(outcome.ok ? 'ok' : outcome.reason, 'wrong-bytes');
    assert.ok((outcome.bytes ?? 0) < target.size + 1_000_000 && sent < 64 * 1024 ** 2);
  });

  test('that comes a byte a second is given up', async (context) => {
    const mirror = await listen(context, (_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      const timer = setInterval(() => response.write('x'), 100);
      response.on('close', () => clearInterval(timer));
    });
    const signal = soon();
    const probe = probeOf({ pace: { leastRate: 65_536, grace: 300 } });
    const outcome = await probe.checkWhole(wayTo(`http://127.0.0.1:${mirror.port}`), target, signal);
    assert.ok(!outcome.ok);
    assert.deepEqual([outcome.reason, signal.aborted], ['timeout', false]);
    assert.match(outcome.detail, /too slow/);
  });
});

suite('a certificate', () => {
  test('tells when it ends', async (context) => {
    const { authority, issue } = await createAuthority(context);
    const mirror = await listen(context, good, { tls: await issue(5 * 86_400_000) });
    const probe = probeOf({ certificateAuthorities: [authority] });
    const outcome = await probe.checkHead(wayTo(`https://127.0.0.1:${mirror.port}`), target, soon());
    assert.ok(outcome.ok, JSON.stringify(outcome));
    const left = (outcome.certificateExpires ?? 0) - Date.now();
    assert.ok(left > 4.9 * 86_400_000 && left <= 5 * 86_400_000, `${left} ms left`);
  });

  test('that has expired is said to have', async (context) => {
    const { authority, issue } = await createAuthority(context);
    const mirror = await listen(context, good, { tls: await issue(-60_000) });
    const probe = probeOf({ certificateAuthorities: [authority] });
    const outcome = await probe.checkHead(wayTo(`https://127.0.0.1:${mirror.port}`), target, soon());
    assert.ok(!outcome.ok);
    assert.deepEqual(
      [outcome.reason, outcome.detail],
      ['tls', 'its certificate has expired (CERT_HAS_EXPIRED)'],
    );
  });
});

suite('address families', () => {
  const both = {
    resolve: async () => ({
      ok: true as const,
      addresses: [
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ],
    }),
  };

  test('are connected to apart: a mirror may be there over one of them only', async (context) => {
    const four = await listen(context, good);
    const url = `http://mirror.invalid:${four.port}`;
    const probe = probeOf({ resolver: both });
    assert.deepEqual(await probe.findFamilies(numberedMirror(1), url, soon()), {
      ok: true,
      families: [4, 6],
    });
    assert.equal((await probe.checkHead(wayTo(url, 4), target, soon())).ok, true);
    const outcome = await probe.checkHead(wayTo(url, 6), target, soon());
    assert.equal(outcome.ok ? 'ok' : outcome.reason, 'refused');
    assert.equal(four.connections(), 1);
  });

  test('of a name that has changed its answer are those of now', async (context) => {
    const inside = await listen(context, good, { address: '127.0.0.2' });
    let asked = 0;
    let now = 0;
    // As a resolver that answers a public address first, and one inside when it counts.

    const resolver = createMirrorAddressResolver(
      [parseNetblock('127.0.0.1/32')],
      'mirrors.allowAddresses',
      (_host, callback) => {
        asked += 1;
        callback(null, [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]);
      },
      () => now,
    );
    const probe = probeOf({ resolver });
    const url = `http://mirror.invalid:${inside.port}`;
    assert.equal((await probe.findFamilies(numberedMirror(1), url, soon())).ok, true);
    now += 3_600_000;
    const outcome = await probe.checkHead(wayTo(url), target, soon());
    assert.equal(outcome.ok ? 'ok' : outcome.reason, 'address-not-allowed');
    assert.deepEqual([asked, inside.connections()], [2, 0]);
  });
});

/** An authority whose certificate is in a file, and what it issues for this machine. */
async function createAuthority(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-hostile-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const now = Date.now();
  const authority = await createCertificateAuthority('test authority', {
    notBefore: now - 86_400_000,
    notAfter: now + 30 * 86_400_000,
  });
  const file = join(folder, 'ca.pem');
  writeFileSync(file, authority.certificate);
  return {
    authority: file,
    /** @param life milliseconds from now */
    issue: async (life: number) =>
      authority.issue(['127.0.0.1'], { notBefore: now - 3_600_000, notAfter: now + life }),
  };
}
