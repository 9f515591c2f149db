import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, suite, test } from 'node:test';
import { createCertificateAuthority } from '../../../demo/certificates.ts';
import { digestHex, digestOf } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import type { ByteRange } from '../../oci/range.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { parseNetblock } from '../../net/netblock.ts';
import type {
  AddressFamily,
  MirrorProbe,
  MirrorWay,
  ProbeFailure,
  ProbeTarget,
} from '../../ports/mirror-probe.ts';
import { numberedMirror } from '../../../test/fakes/mirrors.ts';
import { type FaultyMirror, startFaultyMirror } from '../../../test/fakes/faulty-mirror.ts';
import type { MirrorFault } from '../../../test/fakes/mirror-faults.ts';
import { startForwardProxy } from '../../../test/fakes/forward-proxy.ts';
import type { MirrorAddressResolver } from '../http-client/mirror-address-resolver.ts';
import { createMirrorProbe, type MirrorProbeOptions } from './mirror-probe.ts';

const root = mkdtempSync(join(tmpdir(), 'signpost-probe-'));
const repository = parseRepositoryName('test/image');
const bytes = randomBytes(100_000);
const target: ProbeTarget = { repository, digest: digestOf(bytes), size: bytes.length };
const blobs = join(root, 'v2', repository, 'blobs');
const marker = join(root, 'publication.json');
const loopback = [parseNetblock('127.0.0.0/8'), parseNetblock('::1/128')];

/** A `publication.json` as it is, or with something wrong in it. */
function markerAt(serial: unknown, contents: unknown = { digest: digestOf('index'), size: 5 }): string {
  return JSON.stringify({ serial, contents });
}

function prepareRoot(): void {
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(blobs, target.digest), bytes);
  writeFileSync(marker, markerAt(7));
}

function wayTo(url: string, isPrivate = false, family: AddressFamily = 4): MirrorWay {
  const mirror = numberedMirror(1, { urls: [url], kind: isPrivate ? 'private' : 'public' });
  return { mirror, url, family };
}

function createProbe(options: Partial<MirrorProbeOptions> = {}): MirrorProbe {
  return createMirrorProbe({
    registry: 'images.example.org',
    contact: 'mirrors@example.org',
    version: '1.2.3',
    allowAddresses: loopback,
    certificateAuthorities: [],
    ...options,
  });
}

/** Long, since only what stands still uses it up; that gets a short one. */
const timeout = (short = false) => AbortSignal.timeout(short ? 150 : 10_000);
const all: ByteRange = { start: 0, end: bytes.length - 1 };
const part: ByteRange = { start: 30_000, end: 69_999 };
const slice = (range: ByteRange) => bytes.subarray(range.start, range.end + 1);

async function check(
  probe: MirrorProbe,
  url: string,
  range = part,
  signal = timeout(),
): Promise<ProbeFailure | 'ok'> {
  const outcome = await probe.checkRange(wayTo(url), target, range, slice(range), signal);
  return outcome.ok ? 'ok' : outcome.reason;
}

suite('a probe over plain HTTP', () => {
  let server: FaultyMirror;
  before(async () => {
    prepareRoot();
    server = await startFaultyMirror({ root });
  });
  beforeEach(async () => {
    server.log.length = 0;
    await server.setFault('none');
  });
  after(async () => {
    await server.close();
    rmSync(root, { recursive: true, force: true });
  });

  test('passes a good mirror, and says who it is', async () => {
    const outcome = await createProbe().checkRange(wayTo(server.url), target, part, slice(part), timeout());
    assert.ok(outcome.ok, JSON.stringify(outcome));
    const [entry] = server.log;
    assert.equal(entry?.range, 'bytes=30000-69999');
    assert.equal(
      entry?.userAgent,
      'signpost/1.2.3 (mirror probe of images.example.org; +mirrors@example.org)',
    );
    assert.equal(entry?.path, `/v2/test/image/blobs/sha256:${digestHex(target.digest)}`);
  });

  const expected: Record<Exclude<MirrorFault, 'none'>, ProbeFailure> = {
    refused: 'refused',
    'stall-handshake': 'timeout',
    'status-404': 'status',
    'status-503': 'status',
    redirect: 'redirect',
    stall: 'timeout',
    'stall-body': 'timeout',
    truncated: 'truncated',
    reset: 'truncated',
    drip: 'timeout',
    corrupt: 'wrong-bytes',
    'short-file': 'truncated',
    'no-range': 'no-range',
    'wrong-content-range': 'no-range',
    'content-encoding': 'status',
    endless: 'wrong-bytes',
    'long-headers': 'status',
  };
  for (const [fault, reason] of Object.entries(expected)) {
    test(`calls ${fault} a failure: ${reason}`, async () => {
      await server.setFault(fault as MirrorFault);
      // The dripping byte must be the right one, or it is wrong before it is slow.
      const range = fault === 'drip' ? firstByteX() : part;
      const outcome = await createProbe().checkRange(
        wayTo(server.url),
        target,
        range,
        slice(range),
        timeout(reason === 'timeout'),
      );
      assert.ok(!outcome.ok);
      assert.equal(outcome.reason, reason, outcome.detail);
      assert.ok(outcome.detail.length > 0 && outcome.detail.length < 300);
      if (fault === 'redirect') assert.equal(server.log.length, 1, 'a redirect was followed');
    });
  }

  test('finds one flipped byte only where it is', async () => {
    await server.setFault('corrupt');
    assert.equal(await check(createProbe(), server.url, { start: 0, end: 49_999 }), 'ok');
    assert.equal(await check(createProbe(), server.url, { start: 50_000, end: 50_000 }), 'wrong-bytes');
    assert.equal(await check(createProbe(), server.url, all), 'wrong-bytes');
  });

  test('says truncated of a file that ends before the range', async () => {
    await server.setFault('short-file');
    assert.equal(await check(createProbe(), server.url, { start: 90_000, end: 99_999 }), 'truncated');
  });

  test('refuses a body that goes on after a true Content-Range', async () => {
    await server.setFault('endless');
    const range = { start: 0, end: bytes.length - 1 };
    const zeros = new Uint8Array(bytes.length);
    const outcome = await createProbe().checkRange(wayTo(server.url), target, range, zeros, timeout());
    assert.equal(outcome.ok ? 'ok' : outcome.reason, 'wrong-bytes');
  });

  test('reads the serial, and asks again with a condition', async () => {
    const probe = createProbe();
    const read = async () => probe.readSerial(wayTo(server.url), timeout());
    assert.deepEqual(await read(), { ok: true, serial: 7, bytes: markerAt(7).length });
    assert.deepEqual(await read(), { ok: true, serial: 7 }, 'nothing is read of what has not changed');
    assert.deepEqual(
      server.log.map(({ status }) => status),
      [200, 304],
    );
    writeFileSync(marker, markerAt(12));
    assert.deepEqual(await read(), { ok: true, serial: 12, bytes: markerAt(12).length });
  });

  const badMarkers: Record<string, string | Uint8Array> = {
    nothing: '',
    'a cut one': markerAt(7).slice(0, -9),
    'another kind of file': '<html>It works!</html>',
    'a list': '[7]',
    'a serial that is text': markerAt('7'),
    'a negative serial': markerAt(-1),
    'a broken serial': markerAt(1.5),
    'a huge serial': markerAt(1e300),
    'no contents': '{"serial":7}',
    'contents that are a list': '{"serial":7,"contents":[]}',
    'a digest that is none': markerAt(7, { digest: '../../etc/passwd', size: 1 }),
    'a size that is text': markerAt(7, { digest: digestOf(''), size: '1' }),
    'bytes that are not UTF-8': Uint8Array.of(0x22, 0xff, 0x22),
  };
  for (const [name, content] of Object.entries(badMarkers)) {
    test(`refuses ${name} as publication.json`, async () => {
      writeFileSync(marker, content);
      const answer = await createProbe().readSerial(wayTo(server.url), timeout());
      assert.equal(answer.ok ? 'ok' : answer.reason, 'marker');
    });
  }

  test('reads no marker that is longer than one can be', async () => {
    const read = async (bytes: number) => {
      writeFileSync(marker, markerAt(7) + ' '.repeat(bytes - markerAt(7).length));
      const answer = await createProbe().readSerial(wayTo(server.url), timeout());
      return answer.ok ? 'ok' : answer.detail;
    };
    assert.equal(await read(4096), 'ok');
    assert.equal(await read(4097), 'it is larger than 4096 bytes');
  });

  test('stops reading a marker that never ends', async () => {
    writeFileSync(marker, '{}');
    await server.setFault('endless');
    const signal = AbortSignal.timeout(20_000);
    const answer = await createProbe().readSerial(wayTo(server.url), signal);
    assert.equal(answer.ok ? 'ok' : answer.reason, 'marker');
    assert.equal(signal.aborted, false);
  });

  for (const fault of ['refused', 'stall', 'status-404', 'status-503', 'truncated', 'redirect'] as const) {
    test(`finds no serial at a mirror with fault ${fault}`, async () => {
      writeFileSync(marker, markerAt(7));
      await server.setFault(fault);
      const answer = await createProbe().readSerial(wayTo(server.url), timeout(fault === 'stall'));
      const reason = fault === 'stall' ? 'timeout' : fault.startsWith('status') ? 'status' : fault;
      assert.equal(answer.ok ? 'ok' : answer.reason, reason);
    });
  }

  test('never connects to an address that is not allowed, however it is written', async () => {
    const probe = createProbe({ allowAddresses: [] });
    const before = server.connections();
    for (const host of [
      '127.0.0.1',
      'localhost',
      '127.1',
      '0x7f.1',
      '2130706433',
      '[::ffff:127.0.0.1]',
      '0.0.0.0',
    ]) {
      assert.equal(await check(probe, `http://${host}:${server.port}`), 'address-not-allowed', host);
    }
    assert.equal(server.connections(), before);
  });

  test('connects to the very address that was checked, whatever the name says later', async () => {
    let lookups = 0;
    const probe = createProbe({
      resolver: {
        resolve: async () => {
          lookups += 1;
          return { ok: true, addresses: [{ address: '127.0.0.1', family: 4 }] };
        },
      },
    });
    // The name does not exist: a second look-up by anybody else would fail.
    assert.equal(await check(probe, `http://mirror.invalid:${server.port}`), 'ok');
    assert.equal(lookups, 1);
  });

  test('a look-up that fails is no reason to leave a mirror alone, but a private one may be unknown here', async () => {
    const resolve = async () => ({ ok: false, reason: 'unknown-name', detail: 'EAI_AGAIN' }) as const;
    const failing = createProbe({ resolver: { resolve } });
    const silent = createProbe({ resolver: { resolve: () => new Promise(() => undefined) } });
    const reasonsOf = async (probe: MirrorProbe, isPrivate: boolean) => {
      const way = wayTo('http://mirror.invalid', isPrivate);
      const outcomes = await Promise.all([
        probe.findFamilies(way.mirror, way.url, AbortSignal.timeout(20)),
        probe.readSerial(way, AbortSignal.timeout(20)),
      ]);
      return outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.reason));
    };
    assert.deepEqual(await reasonsOf(failing, false), ['refused', 'refused']);
    assert.deepEqual(await reasonsOf(silent, false), ['timeout', 'timeout']);
    for (const probe of [failing, silent]) {
      assert.deepEqual(await reasonsOf(probe, true), ['address-not-allowed', 'address-not-allowed']);
    }
  });

  test('leaves a private mirror alone unless its address is allowed by name', async () => {
    const probe = createProbe({ allowAddresses: [], resolver: undefined as never });
    const outcome = await probe.checkRange(wayTo(server.url, true), target, part, slice(part), timeout());
    assert.equal(outcome.ok ? 'ok' : outcome.reason, 'address-not-allowed');
    const allowed = await createProbe().checkRange(
      wayTo(server.url, true),
      target,
      part,
      slice(part),
      timeout(),
    );
    assert.equal(allowed.ok, true);
  });

  test('goes by way of a proxy that is named for it, which is asked for the whole URL', async () => {
    await using proxy = await startForwardProxy(server.port);
    const probe = createProbe({ chooseProxy: () => new URL(proxy.url), resolver: elsewhere });
    assert.equal(await check(probe, 'http://mirror.example'), 'ok');
    const target = `http://mirror.example/v2/test/image/blobs/sha256:${digestHex(digestOf(bytes))}`;
    assert.deepEqual(
      proxy.seen.map((seen) => seen.target),
      [target],
    );
    // What may not be connected to is not asked of a proxy either.
    const strict = createProbe({ chooseProxy: () => new URL(proxy.url), allowAddresses: [] });
    assert.equal(await check(strict, server.url), 'address-not-allowed');
    assert.equal(proxy.seen.length, 1);
  });

  test('refuses URLs of other kinds', async () => {
    for (const url of [
      'ftp://127.0.0.1',
      'file:///etc',
      `http://user:pass@127.0.0.1:${server.port}`,
      'nonsense',
    ]) {
      assert.equal(await check(createProbe(), url), 'refused', url);
    }
  });
});

suite('a probe over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-probe-tls-'));
  const authorityFile = join(folder, 'ca.pem');
  let server: FaultyMirror;
  before(async () => {
    prepareRoot();
    const now = Date.now();
    const validity = { notBefore: now - 3_600_000, notAfter: now + 3_600_000 };
    const authority = await createCertificateAuthority('test authority', validity);
    writeFileSync(authorityFile, authority.certificate);
    server = await startFaultyMirror({ root, tls: await authority.issue(['127.0.0.1'], validity) });
  });
  beforeEach(async () => server.setFault('none'));
  after(async () => {
    await server.close();
    for (const path of [folder, root]) rmSync(path, { recursive: true, force: true });
  });

  test('passes with the configured authority, and not without', async () => {
    assert.equal(await check(createProbe({ certificateAuthorities: [authorityFile] }), server.url), 'ok');
    assert.equal(await check(createProbe(), server.url), 'tls');
  });

  test('refuses a certificate for another name', async () => {
    const probe = createProbe({ certificateAuthorities: [authorityFile] });
    assert.equal(await check(probe, `https://localhost:${server.port}`), 'tls');
  });

  for (const [fault, reason] of [
    ['refused', 'refused'],
    ['stall-handshake', 'timeout'],
    ['truncated', 'truncated'],
    ['reset', 'truncated'],
    ['corrupt', 'wrong-bytes'],
  ] as const) {
    test(`calls ${fault} a failure: ${reason}`, async () => {
      await server.setFault(fault);
      const probe = createProbe({ certificateAuthorities: [authorityFile] });
      const outcome = await probe.checkRange(
        wayTo(server.url),
        target,
        part,
        slice(part),
        timeout(reason === 'timeout'),
      );
      assert.ok(!outcome.ok);
      assert.equal(outcome.reason, reason, outcome.detail);
    });
  }

  test('goes through a tunnel of a proxy to the very address that was checked', async () => {
    await using proxy = await startForwardProxy(server.port);
    const probe = createProbe({
      chooseProxy: () => new URL(proxy.url),
      resolver: elsewhere,
      certificateAuthorities: [authorityFile],
    });
    assert.equal(await check(probe, 'https://127.0.0.1'), 'ok');
    assert.equal(proxy.seen[0]?.target, '192.0.2.7:443');
    assert.equal(await check(probe, 'https://mirror.example'), 'tls');
    proxy.refuse = 403;
    assert.equal(await check(probe, 'https://127.0.0.1'), 'refused');
    proxy.refuse = 0;
    assert.equal(await check(probe, 'https://127.0.0.1', part, timeout(true)), 'timeout');
  });

  test('says which file with authorities cannot be read', () => {
    assert.throws(
      () => createProbe({ certificateAuthorities: [join(folder, 'missing.pem')] }),
      (error) => isSignpostError(error, 'CONFIG_INVALID') && error.message.includes('missing.pem'),
    );
  });
});

/** A range that starts with the byte that the dripping mirror sends. */
function firstByteX(): ByteRange {
  const start = bytes.indexOf('x');
  return { start, end: bytes.length - 1 };
}

/** Everything is at an address that only the proxy leads to. */
const elsewhere: MirrorAddressResolver = {
  resolve: async () => ({ ok: true, addresses: [{ address: '192.0.2.7', family: 4 }] }),
};
