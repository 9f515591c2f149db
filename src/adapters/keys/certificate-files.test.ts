import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNotationVector } from '../../../test/fakes/notation-vectors.ts';
import { parseCertificates } from './certificate-files.ts';

test('a file may hold a chain, with words between the certificates', () => {
  const chain = readNotationVector('chain.pem');
  const all = parseCertificates(chain, 'chain.pem');
  assert.equal(all.length, 3);
  const spaced = chain.toString('latin1').replaceAll('-----BEGIN', '\nsubject=...\n-----BEGIN');
  assert.deepEqual(parseCertificates(Buffer.from(spaced), 'chain.pem'), all);
});

test('what holds no certificates, a private key or too many is refused by name', () => {
  const root = readNotationVector('root.pem').toString('latin1');
  for (const [text, message] of [
    ['', /x\.pem holds no certificates in PEM/],
    [`${root}${readNotationVector('key.pem').toString('latin1')}`, /x\.pem holds a private key/],
    [root.replace('MII', 'AAA'), /x\.pem: certificate 1 cannot be read/],
    [root.repeat(65), /x\.pem holds more than 64 certificates/],
  ] as const) {
    assert.throws(() => parseCertificates(Buffer.from(text), 'x.pem'), { code: 'CONFIG_INVALID', message });
  }
});
