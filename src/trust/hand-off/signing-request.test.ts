import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mediaTypes } from '../../oci/media-types.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseRegistryHost, parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import { type RequestLine, createRequestFormatter, createRequestParser } from './signing-request.ts';

const header = {
  registry: parseRegistryHost('images.example.org:5000'),
  serial: 7,
  created: 1_767_225_600,
  nonce: '0123456789abcdef0123456789abcdef',
};
const image = (tag: string) => ({
  repository: parseRepositoryName('fedora/base'),
  tag: parseTagName(tag),
  list: { mediaType: mediaTypes.ociIndex, bytes: Buffer.from('the list') },
  manifests: [{ mediaType: mediaTypes.ociManifest, bytes: Buffer.from('a manifest') }],
});

function format(...tags: string[]): string {
  const formatter = createRequestFormatter();
  return [formatter.header(header), ...tags.map((tag) => formatter.image(image(tag))), formatter.end()].join(
    '',
  );
}

function parse(bytes: string | Uint8Array) {
  const parser = createRequestParser();
  const lines: RequestLine[] = [];
  const buffer = Buffer.from(bytes);
  for (let start = 0; start < buffer.length;) {
    const end = buffer.indexOf(0x0a, start);
    const next = end < 0 ? buffer.length : end + 1;
    lines.push(parser.line(buffer.subarray(start, next)));
    start = next;
  }
  return { lines, digest: parser.end() };
}

const whole = format('41', 'latest');

test('what is written is read again, with the digest of the file', () => {
  const { lines, digest } = parse(whole);
  assert.deepEqual(lines, [
    { kind: 'header', header },
    { kind: 'image', image: image('41') },
    { kind: 'image', image: image('latest') },
    { kind: 'end' },
  ]);
  assert.equal(digest, digestOf(whole));
});

test('property: a request that is cut off, lengthened or changed anywhere is refused', () => {
  const bytes = Buffer.from(whole);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), (length) => {
      assert.throws(() => parse(bytes.subarray(0, length)), { code: 'REQUEST_INVALID' });
    }),
  );
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ mask;
      assert.throws(() => parse(damaged), { code: 'REQUEST_INVALID' });
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (more) => {
      assert.throws(() => parse(Buffer.concat([bytes, more])), { code: 'REQUEST_INVALID' });
    }),
  );
});

test('edits that keep it well-formed are told apart', () => {
  const lines = whole.split(/(?<=\n)/);
  const swap = (from: string, to: string) => whole.replace(from, to);
  for (const [edited, message] of [
    [lines.filter((_, index) => index !== 1).join(''), /holds 1 images and says that it holds 2/],
    [[lines[0], lines[2], lines[1], lines[3]].join(''), /damaged or edited/],
    [swap('"serial":7', '"serial":8'), /damaged or edited/],
    [swap('"version":1', '"version":2'), /version is "2": expected 1/],
    [swap('"serial":7', '"serial":7,"serial":8'), /twice/],
    [swap('"tag":"41"', '"tag":"41","more":1'), /unknown field "more"/],
    [swap('"tag":"41"', '"tag":"../41"'), /tag is "\.\.\/41": expected a tag/],
    [swap('fedora/base', 'fedora//base'), /repository is/],
    [swap('images.example.org', 'images/example'), /registry is/],
    [swap('application/vnd.oci.image.index.v1+json', 'x'), /list mediaType is/],
    [swap('signpost-signing-request', 'signpost-signature-bundle'), /type is/],
    [swap('"nonce"', '"once"'), /header: has an unknown field "once"/],
    [lines.slice(0, 3).join(''), /ends before its end line/],
    [whole.slice(0, -1), /ends before its end line/],
    [whole + whole, /goes on after its end line/],
    ['', /ends before its end line/],
    [lines.slice(1).join(''), /header: type is/],
  ] as const) {
    assert.throws(() => parse(edited), { code: 'REQUEST_INVALID', message }, String(message));
  }
});

test('lines are limited', () => {
  const parser = createRequestParser();
  assert.throws(() => parser.line(Buffer.alloc(64 * 1024 * 1024 + 1)), { code: 'LIMIT_EXCEEDED' });
});
