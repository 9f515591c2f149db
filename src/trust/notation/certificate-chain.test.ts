// @peculiar/x509 builds on tsyringe, which wants this polyfill before it is loaded.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { test } from 'node:test';
import { Extension, ExtendedKeyUsage, KeyUsageFlags } from '@peculiar/x509';
import { type CertificateChanges, createTestChain } from '../../../test/fakes/signing-certificates.ts';
import { derTags, readDer, readDerList } from '../der.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { describeInvalidTimes, describeUnfitChain } from './certificate-chain.ts';

import { parseTrustedRoot } from './trusted-root.ts';

const now = Date.UTC(2026, 5, 1);
const day = 86_400_000;
const { digitalSignature, keyCertSign, keyAgreement } = KeyUsageFlags;

const describeUnusableChain = (chain: readonly Certificate[], times: readonly number[]) =>
  describeUnfitChain(chain) ?? describeInvalidTimes(chain, times);

async function judge(...changes: readonly CertificateChanges[]): Promise<string | undefined> {
  const { certificates } = await createTestChain(now, ...changes);
  return describeUnusableChain(certificates.map(parseCertificate), [now]);
}

test('good chains: alone, under a root, under an intermediate, of RSA', async () => {
  assert.equal(await judge({}), undefined);
  assert.equal(
    await judge({ extendedUses: [ExtendedKeyUsage.codeSigning], authority: false }, {}),
    undefined,
  );
  assert.equal(await judge({}, { pathLength: 0 }, { pathLength: 1 }), undefined);
  assert.equal(await judge({ key: 'rsa2048' }, { key: 'rsa2048' }, { key: 'P-384' }), undefined);
});

test('every rule has a reason of its own', async () => {
  const cases: readonly (readonly [RegExp, ...CertificateChanges[]])[] = [
    [/"CN=certificate 0" is valid only until 2026-05-31T/, { notAfter: now - day }, {}],
    [/"CN=certificate 1" is valid only until 2026-05-31T/, {}, { notAfter: now - day }],
    [/"CN=certificate 0" is valid only from 2026-06-02T/, { notBefore: now + day }, {}],
    [/has no critical key usage/, { uses: undefined }, {}],
    [/has no critical key usage/, { usesCritical: false }, {}],
    [
      /may be used for digitalSignature, keyAgreement: expected/,
      { uses: digitalSignature | keyAgreement },
      {},
    ],
    [/may be used for keyCertSign: expected digitalSignature alone/, { uses: keyCertSign }, {}],
    [/"CN=certificate 0" is an authority's/, { authority: true }, {}],
    [/an extended key usage other than code signing/, { extendedUses: [ExtendedKeyUsage.serverAuth] }, {}],
    [
      /an extended key usage other than code signing/,
      { extendedUses: [ExtendedKeyUsage.codeSigning, ExtendedKeyUsage.serverAuth] },
      {},
    ],
    [/"CN=certificate 1" is not that of an authority/, {}, { authority: false }],
    [/"CN=certificate 1" is not that of an authority/, {}, { authority: undefined }],
    [/"CN=certificate 1" is not that of an authority/, {}, { authorityCritical: false }],
    [/"CN=certificate 1" may not sign certificates/, {}, { uses: digitalSignature }],
    [/"CN=certificate 1" may not sign certificates/, {}, { usesCritical: false }],
    [/"CN=certificate 2" allows 0 authorities below it, and 1 are there/, {}, {}, { pathLength: 0 }],
    [/has an RSA key of 1024 bits: expected 2048 or more/, { key: 'rsa1024' }, {}],
    [/"CN=certificate 1" has an RSA key of 1024 bits/, {}, { key: 'rsa1024' }],
    [/"CN=certificate 0" was not signed with SHA-256/, { hash: 'SHA-1' }, { key: 'rsa2048' }],
    [/"CN=certificate 0" was not signed with SHA-256/, { hash: 'SHA-1' }, {}],
    [
      /has the critical extension 2a0304, which is not understood/,
      { more: [new Extension('1.2.3.4', true, new Uint8Array([5, 0]))] },
      {},
    ],
    [/there are more than 8 certificates/, {}, {}, {}, {}, {}, {}, {}, {}, {}],
  ];
  for (const [reason, ...changes] of cases) assert.match((await judge(...changes)) ?? 'it is good', reason);
  assert.equal(describeUnusableChain([], [now]), 'there is no certificate');
});

test('a certificate that was signed with MD5 is refused for that', async () => {
  const { certificates, key } = await createTestChain(now, { key: 'rsa2048' });
  // RFC 3279, section 2.2.1: md5WithRSAEncryption in place of sha256WithRSAEncryption, in both places.
  const hex = Buffer.from(certificates[0] ?? []).toString('hex');
  const weak = Buffer.from(hex.replaceAll('2a864886f70d01010b', '2a864886f70d010104'), 'hex');
  const [signed] = readDerList(readDer(weak, derTags.sequence).body);
  assert.ok(signed !== undefined);
  sign('md5', signed.raw, key).copy(weak, weak.length - 256);
  const reason = describeUnusableChain([parseCertificate(weak)], [now]);
  assert.match(reason ?? 'it is good', /"CN=certificate 0" was not signed with SHA-256 or better/);
});

test('the order is from the leaf to the root, and nothing else', async () => {
  const { certificates } = await createTestChain(now, {}, {}, {});
  const chain = certificates.map(parseCertificate);
  const [leaf, middle, root] = chain;
  assert.ok(leaf !== undefined && middle !== undefined && root !== undefined);
  const other = (await createTestChain(now, {}, {}, {})).certificates.map(parseCertificate);
  const foreign = other[1];
  assert.ok(foreign !== undefined);
  for (const [list, reason] of [
    [[root, middle, leaf], /"CN=certificate 2" was not issued by "CN=certificate 1"/],
    [[leaf, middle], /"CN=certificate 1" ends the chain and is not self-signed/],
    [[leaf, root], /"CN=certificate 0" was not issued by "CN=certificate 2"/],
    [[leaf, root, middle], /was not issued by/],
    [[leaf, middle, root, root], /"CN=certificate 2" is self-signed but does not end the chain/],
    // The same names, but another key.
    [[leaf, foreign, root], /"CN=certificate 0" was not issued by "CN=certificate 1"/],
  ] as const) {
    assert.match(describeUnusableChain(list, [now]) ?? 'it is good', reason);
  }
});

test('each of the times counts', async () => {
  const chain = (await createTestChain(now, {}, {})).certificates.map(parseCertificate);
  assert.match(describeUnusableChain(chain, [now - 2 * day, now]) ?? '', /is valid only from/);
  assert.match(describeUnusableChain(chain, [now, now + 1001 * day]) ?? '', /is valid only until/);
});

test('a root is self-signed and strong', async () => {
  const { certificates } = await createTestChain(now, {}, {});
  const [leaf, root] = certificates;
  assert.ok(leaf !== undefined && root !== undefined);
  assert.match(parseTrustedRoot(root, 'root.pem').fingerprint, /^[0-9A-F]{64}$/);
  const weak = (await createTestChain(now, {}, { key: 'rsa1024' })).certificates[1];
  for (const [der, message] of [
    [leaf, /^root\.pem: the certificate of "CN=certificate 0" is not self-signed: expected a root$/],
    [weak ?? leaf, /has an RSA key of 1024 bits/],
    [root.subarray(1), /^root\.pem: not DER/],
  ] as const) {
    assert.throws(() => parseTrustedRoot(der, 'root.pem'), { code: 'CONFIG_INVALID', message });
  }
});

test('a certificate is read once and whole', async () => {
  const [der] = (await createTestChain(now, {})).certificates;
  assert.ok(der !== undefined);
  const twice = new Extension('2.5.29.15', true, new Uint8Array([3, 2, 7, 0x80]));
  const [doubled] = (await createTestChain(now, { more: [twice] })).certificates;
  for (const [bytes, message] of [
    [Buffer.concat([der, Buffer.from([0])]), /something follows the end/],
    [der.subarray(0, -1), /it is cut off/],
    [Buffer.alloc(17_000), /more than 16384 bytes/],
    [doubled ?? der, /it has the extension 551d0f twice/],
  ] as const) {
    assert.throws(() => parseCertificate(bytes), { code: 'REQUEST_INVALID', message });
  }
});
