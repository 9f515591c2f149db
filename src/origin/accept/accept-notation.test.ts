// @peculiar/x509 builds on tsyringe, which wants this polyfill before it is loaded.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPublicKey, sign } from 'node:crypto';
import { test } from 'node:test';
import { KeyUsageFlags } from '@peculiar/x509';
import { linesOfBytes, withChecksum } from '../../../test/fakes/bad-lines.ts';
import { rowsOf } from '../../../test/fakes/rows-of.ts';
import { buildFourPlatforms } from '../../../test/fakes/image-builder.ts';
import { linesOf } from '../../../test/fakes/memory-new-file.ts';
import {
  type CertificateChanges,
  type TestChain,
  createTestChain,
} from '../../../test/fakes/signing-certificates.ts';
import {
  type SigningWorld,
  createFormatsRule,
  createSigningWorld,
  createTestSigners,
  signText,
} from '../../../test/fakes/signing-world.ts';
import { vectorClock } from '../../../test/fakes/vectors.ts';
import { createNotationReader } from '../../trust/signature-readers.ts';
import { createVerifiedSigner } from '../../adapters/keys/verified-signer.ts';
import type { Digest } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { createNotationSigner } from '../../signer/notation-signer.ts';
import { readNotation } from '../../trust/notation/read-notation.ts';
import { type TrustedRoot, parseTrustedRoot } from '../../trust/notation/trusted-root.ts';
import { acceptBundle } from './accept-bundle.ts';
import { describeImageRefusal } from './image-refusal.ts';

const day = 86_400_000;
const { rsa } = await createTestSigners();
const four = buildFourPlatforms();
const base = parseRepositoryName('fedora/base');
const digests = [...four.manifests.keys()];
const artifactType = 'application/vnd.cncf.notary.signature';

async function createKey(...changes: readonly CertificateChanges[]) {
  const { certificates, key } = await createTestChain(vectorClock.now(), ...changes);
  const root = parseTrustedRoot(certificates.at(-1) ?? new Uint8Array(), 'root.pem');
  const raw = createVerifiedSigner({
    name: 'leaf.pem',
    publicKey: createPublicKey(key),
    certificates,
    sign: (bytes) => Promise.resolve(sign('sha256', bytes, key)),
  });
  return { root, signer: createNotationSigner(raw) };
}

const key = await createKey({}, {}, {});
const other = await createKey({}, {});

async function createWorld(roots: readonly TrustedRoot[], tags: readonly string[] = ['41']) {
  const world = await createSigningWorld();
  world.rules.set(base, createFormatsRule([createNotationReader(roots)], {}));
  for (const tag of tags) await world.stage(`fedora/base:${tag}`, four);
  const accept = async ({ root, signer }: Awaited<ReturnType<typeof createKey>>) => {
    const reader = createNotationReader([root]);
    const keys = [{ signer, reader }];
    return acceptBundle(
      world.deps,
      linesOf(await signText(await world.request(), rsa, { keys, clock: world.clock })),
      world.clock.now(),
    );
  };
  return { world, accept };
}

/** What the signatures that refer to a digest say, sorted. */
async function signaturesOf(
  { publications, tree, clock }: SigningWorld,
  roots: readonly TrustedRoot[],
  digest: Digest,
) {
  const referrers = await publications.findReferrers(base, digest, artifactType);
  return referrers
    .map((referrer) => {
      const manifest = parseManifest(tree.manifests.get(`${base}@${referrer}`) ?? Buffer.alloc(0));
      assert.ok(manifest.kind === 'image' && manifest.subject?.digest === digest);
      const blob = tree.blobs.get(`${base}@${manifest.layers[0]?.digest}`) ?? Buffer.alloc(0);
      const evidence = readNotation(blob, roots, clock.now());
      assert.ok(evidence.kind === 'signed' && evidence.digest === digest);
      return `${evidence.reference.split(':')[1]} ${evidence.serial}`;
    })
    .sort();
}

test('a signature refers to the list and to every manifest, for each tag', async () => {
  const roots = [key.root];
  const { world, accept } = await createWorld(roots, ['41', 'latest']);
  const result = await accept(key);
  assert.deepEqual(result.refused, []);
  assert.equal(digests.length, 5);
  for (const digest of digests)
    assert.deepEqual(await signaturesOf(world, roots, digest), ['41 1', 'latest 1']);
});

test('renewal replaces the signature of the same root, also by another leaf', async () => {
  const roots = [key.root, other.root];
  const { world, accept } = await createWorld(roots);
  await accept(key);
  world.clock.time += day;
  await world.stage('fedora/base:41', four);
  await accept(key);
  assert.deepEqual(await signaturesOf(world, roots, four.digest), ['41 2']);
  await world.stage('fedora/base:41', four);
  await accept(other);
  assert.deepEqual(await signaturesOf(world, roots, four.digest), ['41 2', '41 3']);
});

test('a signature under a root that is not configured is refused', async () => {
  const { world, accept } = await createWorld([other.root]);
  const { refused, serial } = await accept(key);
  assert.equal(serial, undefined);
  assert.ok(refused[0] !== undefined);
  const { fingerprint } = key.root;
  assert.match(
    describeImageRefusal(refused[0].reason),
    new RegExp(`format "notation": the signature was made by key ${fingerprint}, which is not among`),
  );
  assert.deepEqual(await rowsOf(world.content.tags()), []);
});

test('a bundle that comes after the certificates have expired is refused', async () => {
  const short = await createKey({ notAfter: vectorClock.now() + 91 * day }, {});
  const { world, accept } = await createWorld([short.root]);
  const request = await world.request();
  const keys = [{ signer: short.signer, reader: createNotationReader([short.root]) }];
  const bundle = await signText(request, rsa, { keys, clock: world.clock });
  world.clock.time += 92 * day;
  const { refused } = await acceptBundle(world.deps, linesOf(bundle), world.clock.now());
  assert.ok(refused[0] !== undefined);
  assert.match(
    describeImageRefusal(refused[0].reason),
    /cannot be used: .*"CN=certificate 0" is valid only until/,
  );
  // And nothing can be signed for longer than they last.
  await assert.rejects(accept(short), {
    code: 'CONFIG_INVALID',
    message: /are not valid for signatures until/,
  });
});

test('envelopes under certificates that may not sign images are refused, and nothing is published', async () => {
  const now = vectorClock.now();
  const { digitalSignature, keyAgreement, keyCertSign } = KeyUsageFlags;
  const serverAuth = '1.3.6.1.5.5.7.3.1';
  for (const [reason, ...changes] of [
    [/"CN=certificate 0" is valid only until/, { notAfter: now - day, notBefore: now - 2 * day }, {}],
    [/"CN=certificate 0" is valid only from/, { notBefore: now + day }, {}],
    [/"CN=certificate 1" is valid only until/, {}, { notAfter: now - day, notBefore: now - 2 * day }],
    [/an extended key usage other than code signing/, { extendedUses: [serverAuth] }, {}],
    [/expected digitalSignature alone/, { uses: digitalSignature | keyAgreement }, {}],
    [/expected digitalSignature alone/, { uses: keyCertSign }, {}],
    [/has no critical key usage/, { uses: undefined }, {}],
    [/is an authority's/, { authority: true }, {}],
    [/was not signed with SHA-256 or better/, { hash: 'SHA-1' }, {}],
  ] as readonly (readonly [RegExp, ...CertificateChanges[]])[]) {
    const chain = await createTestChain(now, ...changes);
    const root = parseTrustedRoot(chain.certificates.at(-1) ?? new Uint8Array(), 'root.pem');
    const { world } = await createWorld([root]);
    const keys = [{ signer: key.signer, reader: createNotationReader([key.root]) }];
    const bundle = await signText(await world.request(), rsa, { keys, clock: world.clock });
    const { refused, published, serial } = await acceptBundle(
      world.deps,
      linesOfBytes(signAgain(bundle, chain)),
      world.clock.now(),
    );
    assert.deepEqual([published, serial], [[], undefined]);
    assert.match(refused.map((image) => describeImageRefusal(image.reason)).join(), reason);
    assert.deepEqual([await rowsOf(world.content.tags()), world.tree.manifests.size], [[], 0]);
  }
});

/** The bundle with every envelope signed by another chain's leaf: well, whatever the certificate is good for. */
function signAgain(bundle: string, { certificates, key: leaf }: TestChain): Buffer {
  const [header = '', image = ''] = bundle.split('\n');
  const signed = JSON.parse(image) as { signatures: { signature: string }[] };
  for (const one of signed.signatures) {
    const envelope = JSON.parse(Buffer.from(one.signature, 'base64').toString('utf8')) as {
      payload: string;
      protected: string;
      signature: string;
      header: { x5c: string[] };
    };
    envelope.header.x5c = certificates.map((der) => Buffer.from(der).toString('base64'));
    const input = Buffer.from(`${envelope.protected}.${envelope.payload}`);
    const how = { key: leaf, dsaEncoding: 'ieee-p1363' } as const;
    envelope.signature = sign('sha256', input, how).toString('base64url');
    one.signature = Buffer.from(JSON.stringify(envelope)).toString('base64');
  }
  return withChecksum([header, JSON.stringify(signed)]);
}
