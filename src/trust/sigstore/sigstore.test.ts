import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  cosignVectorKeys,
  createMemoryRawSigner,
  createVectorRawSigner,
  readCosignVector,
  verifyingKeyOf,
} from '../../../test/fakes/cosign-vectors.ts';
import { vectorTime } from '../../../test/fakes/vectors.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { createSigstoreSigner } from '../../signer/sigstore-signer.ts';
import { judgeSignature } from '../judge-signature.ts';
import { encodePreAuthentication } from './dsse.ts';
import { formatImageStatement, parseImageStatement } from './image-statement.ts';
import { readSigstore } from './read-sigstore.ts';
import { sigstoreArtifact } from './sigstore-artifact.ts';
import { formatSigstoreBundle, parseSigstoreBundle } from './sigstore-bundle.ts';

const day = 86_400_000;
const keys = cosignVectorKeys('key.pub');
const list = digestOf(readCosignVector('list.json'));
const content = {
  reference: 'images.example.org/fedora/base:41',
  digest: list,
  creator: 'cosign',
  created: vectorTime,
  expires: vectorTime + 100 * day,
  serial: 7,
};
const statement = { ...content, mediaType: 'application/vnd.oci.image.index.v1+json', size: 88 };

test('what cosign signed is read: whole when it says all that is demanded, refused when it does not', () => {
  const { creator: _, ...said } = content;
  const fingerprint = keys[0]?.fingerprint;
  assert.deepEqual(readSigstore(readCosignVector('bundle.json'), keys), {
    kind: 'signed',
    fingerprint,
    ...said,
  });
  const plain = readSigstore(readCosignVector('bundle-plain.json'), keys);
  assert.ok(plain.kind === 'wrong-payload');
  assert.match(plain.reason, /annotations has no "reference"/);
});

test('damaged bundles are forged, and a key that is not known is said to be so', () => {
  for (const name of ['bad-bundle-payload', 'bad-bundle-type', 'bad-bundle-two', 'attached-payload']) {
    assert.equal(readSigstore(readCosignVector(`${name}.json`), keys).kind, 'forged', name);
  }
  const unknown = readSigstore(readCosignVector('bundle.json'), cosignVectorKeys('other.pub'));
  assert.deepEqual(unknown, { kind: 'unknown-key', keyId: keys[0]?.fingerprint });
});

test('what is signed here is what cosign signs, in the same words', async () => {
  const signer = createSigstoreSigner(createVectorRawSigner());
  const ours = parseSigstoreBundle(await signer.sign(statement));
  const theirs = parseSigstoreBundle(readCosignVector('bundle.json'));
  assert.equal(ours.hint, theirs.hint);
  assert.deepEqual(
    JSON.parse(Buffer.from(ours.payload).toString()),
    JSON.parse(Buffer.from(theirs.payload).toString()),
  );
});

test('DSSE tells types and payloads apart', () => {
  const encoded = encodePreAuthentication('http://example.com/HelloWorld', Buffer.from('hello world'));
  // The example of the specification (secure-systems-lab/dsse, protocol.md).
  assert.equal(Buffer.from(encoded).toString(), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world');
});

test('each thing that is wrong has its own reason', async () => {
  const raw = createMemoryRawSigner();
  const signer = createSigstoreSigner(raw);
  const own = [verifyingKeyOf(raw)];
  const policy = { fingerprints: new Set([signer.fingerprint]), maximumValidity: 400 * day };
  const now = vectorTime + day;
  const judge = async (changes: Partial<typeof statement>, used = own) => {
    const evidence = readSigstore(await signer.sign({ ...statement, ...changes }), used);
    const judgement = judgeSignature(evidence, policy, content, now);
    return judgement.accepted ? 'accepted' : judgement.reason.kind;
  };
  assert.equal(await judge({}), 'accepted');
  assert.equal(await judge({ reference: 'images.example.org/fedora/base:42' }), 'wrong-reference');
  assert.equal(await judge({ digest: digestOf('other') }), 'wrong-digest');
  assert.equal(await judge({ serial: 6 }), 'wrong-serial');
  assert.equal(await judge({ expires: now }), 'expired');
  assert.equal(await judge({ created: now + 6 * 60_000 }), 'not-yet-valid');
  assert.equal(await judge({ expires: vectorTime + 401 * day }), 'lives-too-long');
  assert.equal(await judge({}, [...keys]), 'unknown-key');
});

test('a statement about several images, with a predicate, or with doubled keys is refused', () => {
  const text = Buffer.from(formatImageStatement(content)).toString();
  assert.equal(parseImageStatement(Buffer.from(text)).serial, 7);
  for (const [from, to] of [
    ['"predicate":{}', '"predicate":{"a":1}'],
    ['"subject":[{', '"subject":[{"digest":{"sha256":""},"annotations":{}},{'],
    ['"digest":{', '"digest":{"sha512":"",'],
    ['"serial":"7"', '"serial":"7","serial":"8"'],
    ['cosign/sign/v1', 'cosign/sign/v2'],
    ['Statement/v1', 'Statement/v0.1'],
    ['"predicateType"', '"more":0,"predicateType"'],
    ['fedora/base:41', 'fedora/base@sha256:00'],
  ] as const) {
    assert.ok(text.includes(from), from);
    const changed = Buffer.from(text.replace(from, to));
    assert.throws(() => parseImageStatement(changed), { code: 'REQUEST_INVALID' }, to);
  }
});

test('a bundle with more in it than is verified here is refused', () => {
  const text = readCosignVector('bundle.json').toString();
  for (const [from, to] of [
    ['"publicKey":{', '"tlogEntries":[],"publicKey":{'],
    ['"signatures":[{', '"signatures":[{"keyid":"a",'],
    ['bundle.v0.3', 'bundle.v0.2'],
    ['"dsseEnvelope":', '"messageSignature":{},"dsseEnvelope":'],
    ['{"mediaType"', '{"mediaType":"","mediaType"'],
  ] as const) {
    assert.ok(text.includes(from), from);
    const changed = Buffer.from(text.replace(from, to));
    assert.throws(() => parseSigstoreBundle(changed), { code: 'REQUEST_INVALID' }, to);
  }
});

test('property: no flipped bit in payload, signature or bundle verifies', async () => {
  const bytes = await createSigstoreSigner(createVectorRawSigner()).sign(statement);
  const bundle = parseSigstoreBundle(bytes);
  const flip = (given: Uint8Array, bit: number) => {
    const changed = Buffer.from(given);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return changed;
  };
  const refused = (given: Uint8Array) => ['forged', 'unknown-key'].includes(readSigstore(given, keys).kind);
  assert.ok(!refused(bytes));
  for (let bit = 0; bit < bundle.signature.length * 8; bit += 1) {
    const changed = formatSigstoreBundle({ ...bundle, signature: flip(bundle.signature, bit) });
    assert.ok(refused(changed), `bit ${bit} of the signature`);
  }
  fc.assert(
    fc.property(fc.nat(bundle.payload.length * 8 - 1), (bit) =>
      refused(formatSigstoreBundle({ ...bundle, payload: flip(bundle.payload, bit) })),
    ),
  );
  fc.assert(fc.property(fc.nat(bytes.length * 8 - 1), (bit) => refused(flip(bytes, bit))));
});

test('the referrer is what cosign pushes, around our bundle', () => {
  const theirs = parseManifest(readCosignVector('referrer.json'));
  const envelope = readCosignVector('bundle.json');
  const subject = { digest: list, mediaType: statement.mediaType, size: statement.size };
  const [artifact] = sigstoreArtifact.compose(subject, [{ envelope, created: content.created }]);
  assert.ok(artifact !== undefined && theirs.kind === 'image');
  const ours = parseManifest(artifact.bytes);
  const { annotations, ...rest } = ours;
  const { annotations: expected, ...theirRest } = theirs;
  const { config, ...same } = rest as typeof theirRest;
  // cosign says the artifact's type in the config's descriptor too, which image-spec 1.1 does not ask for.
  const { config: theirConfig, ...theirSame } = theirRest;
  assert.deepEqual(same, theirSame);
  assert.equal(config.digest, theirConfig.digest);
  const created = 'org.opencontainers.image.created';
  assert.deepEqual(annotations, { ...expected, [created]: '2026-01-01T00:00:00Z' });
  const [layer] = theirs.layers;
  assert.ok(layer !== undefined);
  assert.deepEqual(sigstoreArtifact.toEnvelope(layer, envelope), envelope);
});
