import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createNotationVectorSigner,
  notationVectorRoots,
  notationVectorTime,
  readNotationVector,
} from '../../../test/fakes/notation-vectors.ts';
import { createTestChain } from '../../../test/fakes/signing-certificates.ts';
import { createNotationSigner } from '../../signer/notation-signer.ts';
import { digestOf } from '../../oci/digest.ts';
import type { Evidence } from '../evidence.ts';
import { toRawSignature } from '../ecdsa-signature.ts';
import { formatJws, jwsSigningInput, parseJws } from './jws.ts';
import { readNotation } from './read-notation.ts';
import { parseTrustedRoot } from './trusted-root.ts';

const day = 86_400_000;
const now = notationVectorTime + day;
const roots = notationVectorRoots('root.pem', 'alone.pem', 'rsa.pem');
const [root, alone, rsa] = roots;
const list = readNotationVector('list.json');
const read = (name: string, at = now) => readNotation(readNotationVector(name), roots, at);

function reasonOf(evidence: Evidence): string {
  return 'reason' in evidence ? evidence.reason : evidence.kind;
}

test('what notation signs is read: a chain on P-256, a single certificate on P-384, RSA', () => {
  for (const [name, signer] of [
    ['chain.json', root],
    ['alone.json', alone],
    ['rsa.json', rsa],
  ] as const) {
    const evidence = read(name);
    assert.ok(evidence.kind === 'signed', `${name}: ${reasonOf(evidence)}`);
    const { created, expires, ...rest } = evidence;
    assert.ok(Math.abs(created - notationVectorTime) < 60_000, name);
    assert.equal(expires, created + 100 * day, name);
    assert.deepEqual(
      rest,
      {
        kind: 'signed',
        fingerprint: signer?.fingerprint,
        reference: 'images.example.org/fedora/base:41',
        digest: digestOf(list),
        mediaType: 'application/vnd.oci.image.index.v1+json',
        size: list.length,
        serial: 7,
      },
      name,
    );
  }
});

test('what notation signs without an expiry never expires, and without user metadata says too little', () => {
  const endless = read('endless.json');
  assert.ok(endless.kind === 'signed' && endless.expires === undefined);
  const plain = read('plain.json');
  assert.deepEqual(plain, {
    kind: 'wrong-payload',
    fingerprint: root?.fingerprint,
    reason: 'the user metadata has no "creator"',
  });
});

test('a root that is not configured is named by its key', () => {
  const other = notationVectorRoots('other.pem');
  const evidence = readNotation(readNotationVector('chain.json'), other, now);
  assert.deepEqual(evidence, { kind: 'unknown-key', keyId: root?.fingerprint });
});

test('certificates have to be valid when it is read, too', () => {
  const later = read('chain.json', now + 40_000 * day);
  assert.ok(later.kind === 'unusable-key');
  assert.equal(later.fingerprint, root?.fingerprint);
  assert.match(later.reason, /"C=DE, O=Example, CN=leaf" is valid only until /);
  assert.match(reasonOf(read('chain.json', now - 40_000 * day)), /is valid only from/);
});

test('damaged copies are refused, each for its own reason', () => {
  for (const [name, reason] of [
    ['bad-payload.json', /^the signature does not verify$/],
    ['bad-protected.json', /^the signature does not verify$/],
    ['bad-signature.json', /^the signature does not verify$/],
    ['bad-order.json', /^the algorithm ES256 does not go with the leaf certificate's key$/],
    ['bad-leaf.json', /^the algorithm ES256 does not go with the leaf certificate's key$/],
    ['bad-two.json', /of the general form, with room for several signatures: expected one/],
    ['bad-duplicate.json', /has the key "payload" twice/],
    ['bad-half.json', /is not JSON in UTF-8/],
    ['bad-cose.json', /is not JSON in UTF-8/],
  ] as const) {
    const evidence = read(name);
    assert.ok(evidence.kind === 'forged', `${name}: ${evidence.kind}`);
    assert.match(evidence.reason, reason, name);
  }
  // Without its root, a chain ends in what nobody has configured.
  assert.equal(read('bad-short.json').kind, 'unknown-key');
  const long = Buffer.concat([readNotationVector('chain.json'), Buffer.alloc(16_384, ' ')]);
  assert.match(reasonOf(readNotation(long, roots, now)), /more than 16384 bytes/);
});

const signer = createNotationVectorSigner();
const chain = signer.certificates ?? [];
const statement = {
  reference: 'images.example.org/fedora/base:41',
  digest: digestOf(list),
  mediaType: 'application/vnd.oci.image.index.v1+json',
  size: list.length,
  serial: 7,
  created: now,
  expires: now + 90 * day,
  creator: 'signpost test',
};

test('what is signed here is read here', async () => {
  const notation = createNotationSigner(signer);
  assert.equal(notation.fingerprint, root?.fingerprint);
  const { creator: _, ...said } = statement;
  const evidence = readNotation(await notation.sign(statement), roots, now);
  assert.deepEqual(evidence, { kind: 'signed', fingerprint: root?.fingerprint, ...said });
});

test('nothing is signed for longer than the certificates last, nor without them', async () => {
  const short = { ...statement, expires: now + 40_000 * day };
  await assert.rejects(createNotationSigner(signer).sign(short), {
    code: 'CONFIG_INVALID',
    message: /the certificates are not valid for signatures until .*CN=leaf" is valid only until/,
  });
  const { certificates: _, ...bare } = signer;
  assert.throws(() => createNotationSigner(bare), {
    code: 'CONFIG_INVALID',
    message: /takes a certificate chain/,
  });
  assert.throws(() => createNotationSigner({ ...signer, certificates: chain.slice(0, 2) }), {
    code: 'CONFIG_INVALID',
    message: /the last certificate of the chain: .* is not self-signed/,
  });
  const doubled = [...chain.slice(0, 1), ...chain];
  assert.throws(() => createNotationSigner({ ...signer, certificates: doubled }), {
    code: 'CONFIG_INVALID',
    message: /notation would not accept the chain: .* was not issued by/,
  });
});

test('a signature ends with the first of its certificates', async () => {
  const notAfter = now + 10 * day;
  const { certificates, key } = await createTestChain(now, { notAfter }, {});
  const envelope = await signAs(
    {},
    { certificates, key: (bytes) => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }) },
  );
  const own = parseTrustedRoot(certificates[1] ?? new Uint8Array(), 'root');
  const evidence = readNotation(envelope, [own], now);
  assert.ok(evidence.kind === 'signed', reasonOf(evidence));
  assert.equal(evidence.expires, Math.floor(notAfter / 1000) * 1000);
});

const good = {
  alg: 'ES256',
  crit: ['io.cncf.notary.signingScheme', 'io.cncf.notary.expiry'],
  cty: 'application/vnd.cncf.notary.payload.v1+json',
  'io.cncf.notary.expiry': new Date(now + 90 * day).toISOString().replace('.000Z', 'Z'),
  'io.cncf.notary.signingScheme': 'notary.x509',
  'io.cncf.notary.signingTime': new Date(now).toISOString().replace('.000Z', 'Z'),
};

interface Signing {
  readonly payload?: Uint8Array;
  readonly certificates?: readonly Uint8Array[];
  readonly key?: (bytes: Uint8Array) => Uint8Array;
}

/** Signs any header and payload, with the vectors' key unless told otherwise. */
async function signAs(
  header: object,
  { payload, certificates = chain, key }: Signing = {},
): Promise<Uint8Array> {
  const bytes = Buffer.from(JSON.stringify({ ...good, ...header }));
  const { payload: usual } = parseJws(await createNotationSigner(signer).sign(statement));
  const input = jwsSigningInput(bytes, payload ?? usual);
  const signature = key === undefined ? toRawSignature(await signer.sign(input), 32) : key(input);
  return formatJws({ header: bytes, payload: payload ?? usual, signature, certificates, agent: 'test' });
}

test('protected headers say what is understood here, and nothing else', async () => {
  assert.equal(readNotation(await signAs({}), roots, now).kind, 'signed');
  const withZone = { 'io.cncf.notary.signingTime': '2026-11-24T01:02:03+05:30' };
  assert.equal(readNotation(await signAs(withZone), roots, now + 2 * day).kind, 'signed');
  const { crit } = good;
  for (const [header, reason] of [
    [{ alg: 'none' }, /the algorithm is none of PS256/],
    [{ alg: 'HS256' }, /the algorithm is none of PS256/],
    [{ alg: 'constructor' }, /the algorithm is none of PS256/],
    [{ alg: 'ES384' }, /ES384 does not go with the leaf certificate's key/],
    [{ alg: 'PS256' }, /PS256 does not go with the leaf certificate's key/],
    [{ alg: 256 }, /alg is "256": expected the name of an algorithm/],
    [{ crit: [...crit, 'io.example.more'], 'io.example.more': 1 }, /marks "io\.example\.more" as critical/],
    [{ crit: [...crit, 'b64'], b64: false }, /marks "b64" as critical, which is absent or not understood/],
    [{ crit: [...crit, 'exp'] }, /marks "exp" as critical/],
    [{ crit: crit.slice(0, 1) }, /does not mark "io\.cncf\.notary\.expiry" as critical/],
    [{ crit: [] }, /does not mark "io\.cncf\.notary\.signingScheme" as critical/],
    [{ crit: [...crit, ...crit] }, /crit names a header twice/],
    [{ crit: undefined }, /crit is .*expected a list of header names/],
    [{ 'io.example.more': 1 }, /has an unknown field "io\.example\.more"/],
    [{ jwk: {} }, /has an unknown field "jwk"/],
    [{ cty: 'application/json' }, /cty is "application\/json": expected/],
    [{ 'io.cncf.notary.signingScheme': 'notary.x509.signingAuthority' }, /signingScheme is/],
    [{ 'io.cncf.notary.signingTime': '2026-11-24T01:02:03.5Z' }, /signingTime is .*expected a time such as/],
    [{ 'io.cncf.notary.signingTime': '2026-13-24T01:02:03Z' }, /signingTime is .*expected a time such as/],
    [{ 'io.cncf.notary.signingTime': undefined }, /has no "io\.cncf\.notary\.signingTime"/],
    [{ 'io.cncf.notary.expiry': good['io.cncf.notary.signingTime'] }, /expiry is not after its signing time/],
  ] as const) {
    const evidence = readNotation(await signAs(header), roots, now);
    assert.equal(evidence.kind, 'forged', JSON.stringify(header));
    assert.match(reasonOf(evidence), reason);
  }
});

test('payloads name one image and say for which tag', async () => {
  const metadata = { creator: 'x', reference: statement.reference, serial: '7' };
  const { mediaType, digest, size } = statement;
  const target = { mediaType, digest, size, annotations: metadata };
  for (const [payload, reason] of [
    [{ targetArtifact: target, more: 1 }, /the payload has an unknown field "more"/],
    [{ targetArtifact: { ...target, urls: [] } }, /targetArtifact has an unknown field "urls"/],
    [{ targetArtifact: { ...target, digest: 'sha512:00' } }, /targetArtifact digest is .*expected a digest/],
    [{ targetArtifact: { ...target, size: -1 } }, /targetArtifact size is/],
    [{ targetArtifact: null }, /targetArtifact is "null": expected an object/],
    [{ targetArtifact: { ...target, annotations: null } }, /the user metadata has no "creator"/],
    [{ targetArtifact: { ...target, annotations: { ...metadata, serial: 7 } } }, /metadata serial is "7"/],
    [
      { targetArtifact: { ...target, annotations: { ...metadata, serial: '07' } } },
      /metadata serial is "07"/,
    ],
    [
      { targetArtifact: { ...target, annotations: { ...metadata, reference: 'a' } } },
      /metadata reference is "a"/,
    ],
    [{ targetArtifact: { ...target, annotations: { ...metadata, x: '' } } }, /unknown field "x"/],
    ['text', /the payload is/],
  ] as const) {
    const evidence = readNotation(
      await signAs({}, { payload: Buffer.from(JSON.stringify(payload)) }),
      roots,
      now,
    );
    assert.equal(evidence.kind, 'wrong-payload', JSON.stringify(payload));
    assert.match(reasonOf(evidence), reason);
  }
});

test('a chain that may not sign images is of no use, however well it signs', async () => {
  const { certificates, key } = await createTestChain(now, { authority: true }, {});
  const envelope = await signAs(
    {},
    { certificates, key: (bytes) => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }) },
  );
  const own = parseTrustedRoot(certificates[1] ?? new Uint8Array(), 'root');
  const evidence = readNotation(envelope, [own], now);
  assert.equal(evidence.kind, 'unusable-key');
  assert.match(reasonOf(evidence), /"CN=certificate 0" is an authority's/);
});

test('property: no flipped bit verifies', () => {
  const bytes = readNotationVector('chain.json');
  const original = read('chain.json');
  // The name of the program is in a header that nothing protects, and nothing reads.
  const agent = bytes.indexOf('"io.cncf.notary.signingAgent":"');
  const isAgent = (index: number) => index > agent + 30 && index < bytes.indexOf('"', agent + 31);
  let refused = 0;
  fc.assert(
    fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
      const damaged = Buffer.from(bytes);
      const index = bit >> 3;
      damaged[index] = (damaged[index] ?? 0) ^ (1 << (bit & 7));
      const evidence = readNotation(damaged, roots, now);
      if (evidence.kind !== 'signed') refused += 1;
      else assert.ok(isAgent(index) && agent > 0, `bit ${bit} verifies`);
      if (evidence.kind === 'signed') assert.deepEqual(evidence, original);
    }),
    { numRuns: 1500 },
  );
  assert.ok(refused > 1400, `${refused} of 1500 were refused`);
});

test('property: no bytes make the reader throw', () => {
  const bytes = readNotationVector('chain.json');
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.nat(90), fc.uint8Array({ maxLength: 90 }), (at, length, more) => {
      const spliced = Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at + length)]);
      const evidence = readNotation(spliced, roots, now);
      if (evidence.kind === 'signed') assert.deepEqual(evidence, read('chain.json'));
    }),
    { numRuns: 500 },
  );
});
