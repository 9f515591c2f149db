import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '../oci/digest.ts';
import { formatSimpleSigning, parseSimpleSigning } from './simple-signing.ts';

const content = {
  reference: 'images.example.org:5000/fedora/base:41',
  digest: digestOf('list'),
  creator: 'signpost',
  timestamp: 1_767_225_600,
  serial: 7,
};
const text = Buffer.from(formatSimpleSigning(content)).toString();
const parse = (json: string) => parseSimpleSigning(Buffer.from(json));

test('a payload has critical and optional, and nothing that clients do not know', () => {
  assert.deepEqual(JSON.parse(text), {
    critical: {
      identity: { 'docker-reference': content.reference },
      image: { 'docker-manifest-digest': content.digest },
      type: 'atomic container signature',
    },
    optional: { creator: 'signpost', timestamp: 1_767_225_600, serial: 7 },
  });
});

test('property: what is written is read again', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.string({ maxLength: 100 }), (timestamp, serial, creator) => {
      const value = { ...content, timestamp, serial, creator };
      assert.deepEqual(parseSimpleSigning(formatSimpleSigning(value)), value);
    }),
  );
});

test('everything else is refused, and said what it is', () => {
  for (const [from, to, message] of [
    ['"type":', '"extra":1,"type":', /critical has an unknown field "extra"/],
    ['"image":', '"type":"x","image":', /twice/],
    ['atomic container signature', 'cosign container image signature', /critical type is/],
    ['"serial":7', '"serial":-7', /optional serial is/],
    ['"serial":7', '"serial":"7"', /optional serial is/],
    ['"serial":7', '"serial":7.5', /optional serial is/],
    [',"serial":7', '', /optional has no "serial"/],
    ['"optional":{', '"optional":null,"x":{', /unknown field "x"/],
    ['sha256:', 'sha512:', /docker-manifest-digest is/],
    ['images.example.org:5000/fedora/', '', /docker-reference is/],
    ['base:41', 'base', /docker-reference is/],
    ['base:41', `base@${content.digest}`, /docker-reference is/],
    ['"creator":"signpost"', `"creator":"${'x'.repeat(257)}"`, /optional creator is/],
    ['"creator":"signpost"', `"creator":"${'x'.repeat(5000)}"`, /the payload has 5[0-9]+ bytes/],
  ] as const) {
    const changed = text.replace(from, to);
    assert.notEqual(changed, text);
    assert.throws(() => parse(changed), { code: 'REQUEST_INVALID', message }, to);
  }
  assert.throws(() => parse(`${text}x`), { message: /not JSON/ });
});
