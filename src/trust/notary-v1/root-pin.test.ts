import assert from 'node:assert/strict';
import { X509Certificate, createHash, sign } from 'node:crypto';
import { test } from 'node:test';
import { createNotaryKeyring, fingerprintOf, makeNotaryRoot } from '../../../test/fakes/notary-world.ts';
import { type CertificateChanges, createTestChain } from '../../../test/fakes/signing-certificates.ts';
import { hour } from '../../../test/fakes/tuf-world.ts';
import { parseRegistryHost, parseRepositoryName } from '../../oci/reference.ts';
import { type NotaryKey, notaryKeyOf, notaryRootKeyOf } from './key.ts';
import type { NotaryRoot } from './metadata.ts';
import { formatNotaryFile, nextNotaryRoot, notarySignature, notarySignedBytes } from './next-metadata.ts';
import { readNotaryFile } from './read-metadata.ts';
import { judgeRootPin } from './root-pin.ts';

const now = Date.UTC(2026, 10, 23);
const host = 'images.example.org';
const later = now + 9000 * hour;
const own = await createNotaryKeyring(`${host}/*`, now);
const thief = await createNotaryKeyring(`${host}/*`, now);

function judge(bytes: Uint8Array, certificates: readonly string[], at = now) {
  const collection = { registry: parseRegistryHost(host), repository: parseRepositoryName('fedora/base') };
  return judgeRootPin(readNotaryFile(bytes, 'Root', 'root.json'), collection, new Set(certificates), at);
}

test('a root that its configured certificate has signed is pinned', async () => {
  const { bytes } = await makeNotaryRoot(own, later);
  assert.equal(judge(bytes, [fingerprintOf(own)]), 'pinned');
  assert.equal(judge(bytes, [fingerprintOf(thief)]), 'unknown-key');
  assert.equal(judge(bytes, [fingerprintOf(own)], now + 90_000 * hour), 'expired');
});

test("a thief's root that only names the configured certificate beside the thief's own is forged", async () => {
  const { bytes } = await makeNotaryRoot(thief, later, undefined, [thief], [own, thief]);
  assert.equal(judge(bytes, [fingerprintOf(own)]), 'forged');
  // With the thief's own certificate configured the same file would do: nothing else is wrong with it.
  assert.equal(judge(bytes, [fingerprintOf(thief)]), 'pinned');
});

/** As `openssl req -x509` makes one by itself, when `authority`. */
async function makeRoot(
  changes: CertificateChanges,
): Promise<{ bytes: Uint8Array; certificate: Uint8Array }> {
  const chain = await createTestChain(now, { subject: `CN=${host}/*`, ...changes });
  const [certificate = new Uint8Array()] = chain.certificates;
  const pem = Buffer.from(new X509Certificate(certificate).toString()).toString('base64');
  const key: NotaryKey = { keytype: 'ecdsa-x509', keyval: { private: null, public: pem } };
  const role = notaryKeyOf(own.targets.publicKey);
  const keys = { root: [key], targets: role, snapshot: role, timestamp: role };
  const root: NotaryRoot = nextNotaryRoot(undefined, keys, later);
  const signature = notarySignature(key, sign('sha256', notarySignedBytes(root), chain.key));
  return { bytes: formatNotaryFile(root, [signature]), certificate };
}

test("an authority's certificate is of no use, since notary and docker pass over it", async () => {
  for (const [authority, expected] of [
    [false, 'pinned'],
    [true, 'unusable-key'],
  ] as const) {
    const { bytes, certificate } = await makeRoot({ authority, uses: undefined });
    assert.equal(judge(bytes, [createHash('sha256').update(certificate).digest('hex')]), expected);
    if (authority) {
      assert.throws(() => notaryRootKeyOf(certificate), { code: 'TRUST', message: /CA:false/ });
    } else assert.equal(notaryRootKeyOf(certificate).keytype, 'ecdsa-x509');
  }
});
