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
import { type ImageManifest, parseManifest } from '../../oci/manifest.ts';
import { createCosignSigner } from '../../signer/cosign-signer.ts';
import { judgeSignature } from '../judge-signature.ts';
import { cosignArtifact } from './cosign-artifact.ts';
import { formatCosignEnvelope, parseCosignEnvelope } from './cosign-envelope.ts';
import { formatCosignPayload, parseCosignPayload } from './cosign-payload.ts';
import { readCosign } from './read-cosign.ts';

const day = 86_400_000;
const keys = cosignVectorKeys('key.pub');
const attached = parseManifest(readCosignVector('attached.json')) as ImageManifest;
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

/** An envelope out of what cosign pushed to a registry. */
function vectorEnvelope(index: number, payload: string): Uint8Array {
  const layer = attached.layers[index];
  assert.ok(layer !== undefined);
  const envelope = cosignArtifact.toEnvelope(layer, readCosignVector(payload));
  assert.ok(envelope !== undefined);
  return envelope;
}

test('what cosign signed is read: whole when it says all that is demanded, refused when it does not', () => {
  const { creator: _, ...said } = content;
  const fingerprint = keys[0]?.fingerprint;
  assert.deepEqual(readCosign(vectorEnvelope(0, 'attached-payload.json'), keys), {
    kind: 'signed',
    fingerprint,
    ...said,
  });
  const plain = readCosign(vectorEnvelope(1, 'attached-plain-payload.json'), keys);
  assert.ok(plain.kind === 'wrong-payload');
  assert.match(plain.reason, /optional is "null": expected an object/);
});

test('a damaged payload, another key, and another format are forged', () => {
  const good = vectorEnvelope(0, 'attached-payload.json');
  for (const [envelope, used] of [
    [vectorEnvelope(0, 'bad-attached-payload.json'), keys],
    [vectorEnvelope(1, 'attached-payload.json'), keys],
    [good, cosignVectorKeys('other.pub')],
    [good, []],
    [readCosignVector('bundle.json'), keys],
    [Buffer.from('{"payload":"e30=","signature":"e30="}'), keys],
    [Buffer.from(`{"payload":"${'A'.repeat(17_000)}","signature":"e30="}`), keys],
    [Buffer.concat([good, Buffer.from(' ')]).subarray(1), keys],
    [Buffer.from(Buffer.from(good).toString().replace('{', '{"payload":"e30=",')), keys],
  ] as const) {
    assert.equal(readCosign(envelope, used).kind, 'forged');
  }
});

test('what is signed here is cosign’s own payload, with the reference among its annotations', async () => {
  const signer = createCosignSigner(createVectorRawSigner());
  const { payload } = parseCosignEnvelope(await signer.sign(statement));
  const theirs = JSON.parse(readCosignVector('attached-payload.json').toString()) as { optional: object };
  const optional = { ...theirs.optional, reference: statement.reference };
  assert.deepEqual(JSON.parse(Buffer.from(payload).toString()), { ...theirs, optional });
  assert.equal(signer.fingerprint, keys[0]?.fingerprint);
});

test('each thing that is wrong has its own reason', async () => {
  const raw = createMemoryRawSigner();
  const signer = createCosignSigner(raw);
  const own = [verifyingKeyOf(raw)];
  const policy = { fingerprints: new Set([signer.fingerprint]), maximumValidity: 400 * day };
  const now = vectorTime + day;
  const judge = async (changes: Partial<typeof statement>, used = own, allowed = policy) => {
    const evidence = readCosign(await signer.sign({ ...statement, ...changes }), used);
    const judgement = judgeSignature(evidence, allowed, content, now);
    return judgement.accepted ? 'accepted' : judgement.reason.kind;
  };
  assert.equal(await judge({}), 'accepted');
  assert.equal(await judge({ reference: 'images.example.org/fedora/base:42' }), 'wrong-reference');
  assert.equal(await judge({ reference: 'other.example.org/fedora/base:41' }), 'wrong-reference');
  assert.equal(await judge({ digest: digestOf('other') }), 'wrong-digest');
  assert.equal(await judge({ serial: 6 }), 'wrong-serial');
  assert.equal(await judge({ expires: now }), 'expired');
  assert.equal(await judge({ created: now + 6 * 60_000 }), 'not-yet-valid');
  assert.equal(await judge({ expires: vectorTime + 401 * day }), 'lives-too-long');
  assert.equal(await judge({}, [...keys]), 'forged');
  assert.equal(await judge({}, own, { ...policy, fingerprints: new Set(['A']) }), 'not-allowed-key');
});

test('a payload with doubled keys, unknown ones, another type or other spellings is refused', () => {
  const text = formatCosignPayload(content).toString();
  assert.equal(parseCosignPayload(Buffer.from(text)).serial, 7);
  for (const [from, to] of [
    ['"serial":"7"', '"serial":"7","serial":"8"'],
    ['"serial":"7"', '"s\\u0065rial":"7","serial":"8"'],
    ['"serial":"7"', '"serial":7'],
    ['"serial":"7"', '"serial":"07"'],
    ['"serial":"7"', '"serial":"-7"'],
    ['"serial":"7"', '"serial":"1e3"'],
    ['"serial":"7"', '"serial":"7","more":""'],
    ['"expires":"1775865600",', ''],
    ['"type":"cosign', '"type":"atomic'],
    ['"critical":{', '"critical":{"more":1,'],
    ['fedora/base:41', 'fedora/base'],
    ['"reference":"images.example.org/fedora/base:41"', '"reference":"images.example.org/fedora/base:42"'],
    ['"reference":"images.example.org/fedora/base:41"', '"reference":null'],
  ] as const) {
    assert.ok(text.includes(from), from);
    const changed = Buffer.from(text.replace(from, to));
    assert.throws(() => parseCosignPayload(changed), { code: 'REQUEST_INVALID' }, to);
  }
});

test('the reference may be missing among the annotations, where cosign writes it only when it is told to', () => {
  const text = formatCosignPayload(content).toString();
  const without = text.replace(`"reference":"${content.reference}",`, '');
  assert.notEqual(without, text);
  assert.equal(parseCosignPayload(Buffer.from(without)).reference, content.reference);
});

test('property: no flipped bit in payload, signature or envelope verifies', async () => {
  const envelope = await createCosignSigner(createVectorRawSigner()).sign(statement);
  const { payload, signature } = parseCosignEnvelope(envelope);
  const flip = (bytes: Uint8Array, bit: number) => {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return changed;
  };
  const isForged = (bytes: Uint8Array) => readCosign(bytes, keys).kind === 'forged';
  for (let bit = 0; bit < signature.length * 8; bit += 1) {
    const changed = formatCosignEnvelope({ payload, signature: flip(signature, bit) });
    assert.ok(isForged(changed), `bit ${bit} of the signature`);
  }
  fc.assert(
    fc.property(fc.nat(payload.length * 8 - 1), (bit) =>
      isForged(formatCosignEnvelope({ payload: flip(payload, bit), signature })),
    ),
  );
  fc.assert(fc.property(fc.nat(envelope.length * 8 - 1), (bit) => isForged(flip(envelope, bit))));
});

test('the artifact has a layer for each signature, and gives the same envelopes back', async () => {
  const envelopes = await Promise.all(
    ['41', 'latest'].map(async (tag) => ({
      envelope: await createCosignSigner(createMemoryRawSigner()).sign({
        ...statement,
        reference: `images.example.org/fedora/base:${tag}`,
      }),
      created: content.created,
    })),
  );
  const subject = { digest: list, mediaType: statement.mediaType, size: statement.size };
  const [artifact, ...more] = cosignArtifact.compose(subject, envelopes);
  assert.ok(artifact !== undefined && more.length === 0);
  const manifest = parseManifest(artifact.bytes) as ImageManifest;
  assert.equal(manifest.config.mediaType, attached.config.mediaType);
  assert.deepEqual(
    [manifest.config, ...manifest.layers].map(({ digest, size }) => [digest, size]),
    artifact.blobs.map((bytes) => [digestOf(bytes), bytes.length]),
  );
  const config = JSON.parse(Buffer.from(artifact.blobs[0] ?? []).toString()) as {
    rootfs: { diff_ids: string[] };
  };
  assert.deepEqual(
    config.rootfs.diff_ids,
    manifest.layers.map(({ digest }) => digest),
  );
  const back = manifest.layers.map((layer, index) => {
    assert.equal(layer.mediaType, attached.layers[0]?.mediaType);
    return cosignArtifact.toEnvelope(layer, artifact.blobs[index + 1] ?? Buffer.alloc(0));
  });
  assert.deepEqual(
    back.map((bytes) => Buffer.from(bytes ?? [])),
    envelopes.map(({ envelope }) => Buffer.from(envelope)),
  );
  assert.ok(cosignArtifact.found.by === 'tag');
  assert.equal(cosignArtifact.found.tagOf(list), `sha256-${list.slice(7)}.sig`);
});
