import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '../../oci/digest.ts';
import { fingerprintOf } from './libtrust-key.ts';
import { verifySchema1 } from './verify-schema1.ts';

const vector = (name: string) =>
  readFileSync(new URL(`../../../test/vectors/schema1/${name}.json`, import.meta.url));
const skopeo = vector('skopeo-es256');
const layer = 'sha256:081a15f258977de7f0c3ba2f927da1e92c48d2024416029bdde36840e14e8ecb';

interface Document {
  tag: string;
  schemaVersion: number;
  fsLayers: object[];
  signatures: { header: Record<string, unknown>; signature: string; protected: string }[];
}

/** A vector with something in it changed; whitespace stays as skopeo writes it: none. */
function change(how: (document: Document) => void): Buffer {
  const document = JSON.parse(skopeo.toString('utf8')) as Document;
  how(document);
  return Buffer.from(JSON.stringify(document));
}

function reasonOf(bytes: Uint8Array): string {
  const verdict = verifySchema1(bytes);
  return verdict.ok ? 'it holds' : verdict.reason;
}

/** What libtrust would make of a payload: signed for real, with a header that a test may choose. */
function signWith(
  kind: Parameters<typeof makeKey>[0],
  changes: { header?: Record<string, unknown>; tail?: string; payload?: string; times?: number } = {},
): Buffer {
  const { privateKey, publicKey } = makeKey(kind);
  const content = changes.payload ?? vector('payload').toString('utf8');
  const open = content.slice(0, content.lastIndexOf('}')).trimEnd();
  const tail = changes.tail ?? content.slice(open.length);
  const format = { formatLength: open.length, formatTail: encode(tail), time: '2026-11-23T00:00:00Z' };
  const protectedHeader = encode(JSON.stringify(format));
  const signed = Buffer.from(`${protectedHeader}.${encode(open + tail)}`);
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: fingerprintOf(publicKey) };
  const one = {
    header: { jwk, alg: kind === 'ec' ? 'ES256' : 'RS256', ...changes.header },
    signature: sign('sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
    protected: protectedHeader,
  };
  const all = Array.from({ length: changes.times ?? 1 }, () => one);
  return Buffer.from(`${open},"signatures":${JSON.stringify(all)}}`);
}

function makeKey(kind: 'ec' | 'rsa1024' | 'rsa2048') {
  return kind === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(3)) });
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

test('what skopeo and libtrust signed holds, with the digest that it has without signatures', () => {
  for (const [name, algorithms] of [
    ['skopeo-es256', ['ES256']],
    ['libtrust-es384', ['ES384']],
    ['libtrust-es512', ['ES512']],
    ['libtrust-rs256', ['RS256']],
    ['libtrust-es256-rs256', ['ES256', 'RS256']],
  ] as const) {
    const verdict = verifySchema1(vector(name));
    assert.ok(verdict.ok, `${name}: ${verdict.ok ? '' : verdict.reason}`);
    const { manifest, signers } = verdict;
    assert.deepEqual(signers.map(({ algorithm }) => algorithm).sort(), algorithms);
    for (const { keyId, time } of signers) {
      assert.match(keyId, /^(?:[A-Z2-7]{4}:){11}[A-Z2-7]{4}$/);
      assert.match(time, /^20\d\d-/);
    }
    assert.deepEqual(manifest.layers, [layer]);
    assert.equal(manifest.architecture, 'amd64');
    if (name !== 'skopeo-es256')
      assert.equal(manifest.digest, digestOf(vector('payload').toString('utf8').trimEnd()));
  }
});

test('damaged and forged copies are refused, each with its reason', () => {
  for (const [bytes, reason] of [
    [change((one) => (one.tag = 'other')), /is not what the manifest says|not JSON/],
    [change((one) => one.fsLayers.push({ blobSum: layer })), /not JSON|is not what the manifest says/],
    [change((one) => (one.schemaVersion = 2)), /schemaVersion is "2": expected 1/],
    [change((one) => delete (one as Partial<Document>).signatures), /no embedded signature/],
    [change((one) => (one.signatures = [])), /expected a list of 1 to 16/],
    [signWith('ec', { times: 17 }), /expected a list of 1 to 16/],
    [
      change((one) => (one.signatures = [...one.signatures, ...otherSignatures()])),
      /not over the same bytes/,
    ],
    [change((one) => (first(one).signature = 'AAAA')), /does not hold/],
    [change((one) => (first(one).signature += '=')), /expected bytes in base64url/],
    [change((one) => (first(one).header.alg = 'none')), /alg is "none"/],
    [change((one) => (first(one).header.alg = 'HS256')), /alg is "HS256"/],
    [change((one) => (first(one).header.alg = 'RS1')), /alg is "RS1"/],
    [change((one) => (first(one).header.alg = 'ES384')), /does not sign with ES384/],
    [change((one) => (first(one).header.x5c = ['AAAA'])), /x5c/],
    [change((one) => (first(one).header.crit = [])), /unknown field "crit"/],
    [
      change((one) => ((first(one).header.jwk as { kid: string }).kid = 'AAAA')),
      /the fingerprint of the key is/,
    ],
    [change((one) => ((first(one).header.jwk as { x: string }).x = 'AAAA')), /is no public key/],
    [
      change((one) => ((first(one).header.jwk as { kty: string }).kty = `\u202e\n${'x'.repeat(9999)}`)),
      /^(?!.*[\n\u202e]).{0,200}is no public key: "\\u202e\\nx{70,80}…"$/,
    ],
    [change((one) => ((first(one).header.jwk as { x: string }).x += '=')), /jwk.x is .*base64url/],
    [change((one) => ((first(one).header.jwk as { d?: string }).d = 'AAAA')), /unknown field "d"/],
    [signWith('rsa1024'), /RSA with 1024 bits, which is too weak/],
    [signWith('ec', { payload: '{"schemaVersion":1,"name":"","name":""}' }), /key "name" twice/],
    [signWith('ec', { payload: '{"schemaVersion":1}' }), /has no "name"/],
    [signWith('ec', { payload: '{"schemaVersion":1,"more":1}' }), /unknown field "more"/],
    [signWith('ec', { tail: ',"tag":"other"}' }), /twice|not what the manifest says/],
    [Buffer.concat([skopeo, Buffer.from('{}')]), /not JSON/],
    [skopeo.subarray(0, -1), /not JSON/],
    [Buffer.from(skopeo.toString('utf8'), 'utf16le'), /not JSON in UTF-8/],
    [Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), skopeo]), /not JSON in UTF-8/],
    [Buffer.alloc(5 * 1024 * 1024, ' '), /more than 4194304 bytes/],
  ] as const)
    assert.match(reasonOf(bytes), reason);
  for (const kind of ['ec', 'rsa2048'] as const) assert.equal(reasonOf(signWith(kind)), 'it holds');
});

test('property: no flipped bit verifies', () => {
  for (const name of ['skopeo-es256', 'libtrust-rs256']) {
    const good = vector(name);
    fc.assert(
      fc.property(fc.nat({ max: good.length * 8 - 1 }), (bit) => {
        const bytes = Buffer.from(good);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        assert.notEqual(reasonOf(bytes), 'it holds', `bit ${bit}`);
      }),
      { numRuns: 400 },
    );
  }
});

test('property: no bytes make it throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        assert.notEqual(reasonOf(bytes), 'it holds');
      },
    ),
  );
});

function first(document: Document) {
  const [one] = document.signatures;
  assert.ok(one !== undefined);
  return one;
}

function otherSignatures() {
  return (JSON.parse(vector('libtrust-es384').toString('utf8')) as Document).signatures;
}
