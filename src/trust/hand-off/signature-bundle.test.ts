import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { parseRegistryHost, parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import { createBundleFormatter, createBundleParser } from './signature-bundle.ts';

const header = {
  request: digestOf('request'),
  registry: parseRegistryHost('images.example.org'),
  serial: 7,
  created: 1,
  expires: 2,
  signers: [
    { format: 'simple', fingerprint: 'A'.repeat(40) },
    { format: 'cosign', fingerprint: 'B'.repeat(64) },
  ],
} as const;
const image = {
  repository: parseRepositoryName('fedora/base'),
  tag: parseTagName('41'),
  list: digestOf('list'),
  signatures: [
    { format: 'simple', digest: digestOf('list'), signature: Buffer.from('signature') },
    { format: 'notation', digest: digestOf('list'), signature: Buffer.from('another') },
  ],
} as const;

function format(): string {
  const formatter = createBundleFormatter();
  return formatter.header(header) + formatter.image(image) + formatter.end();
}

function parse(text: string) {
  const parser = createBundleParser();
  const lines = text.split(/(?<=\n)/).map((line) => parser.line(Buffer.from(line)));
  return { lines, digest: parser.end() };
}

test('what is written is read again', () => {
  assert.deepEqual(parse(format()), {
    lines: [{ kind: 'header', header }, { kind: 'image', image }, { kind: 'end' }],
    digest: digestOf(format()),
  });
});

test('what is malformed is refused by name', () => {
  for (const [from, to, message] of [
    ['"fingerprint":"A', '"fingerprint":"a', /header: signers\[0\] fingerprint is/],
    ['"signers":[{"format":"simple"', '"signers":[{"format":"pgp"', /header: signers\[0\] format is "pgp"/],
    ['"signatures":[{"format":"simple"', '"signatures":[{"format":"md5"', /signatures\[0\] format is "md5"/],
    ['"request":"sha256', '"request":"md5', /header: request is/],
    ['"expires":2', '"expires":"2"', /header: expires is/],
    ['"signature":"', '"signature":"*', /signatures\[0\] signature is/],
    ['"signatures":[', '"signatures":{"a":[', /not JSON/],
    ['"list":', '"lisp":', /unknown field "lisp"/],
    ['"tag":"41"', '"tag":"42"', /damaged or edited/],
  ] as const) {
    assert.throws(() => parse(format().replace(from, to)), { code: 'REQUEST_INVALID', message }, to);
  }
});
