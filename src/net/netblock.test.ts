import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSignpostError } from '../oci/errors.ts';
import { formatWords, parseIpAddress, wordsOf } from './address.ts';
import { formatNetblock, maskWords, netblockContains, parseNetblock } from './netblock.ts';

test('a netblock is read and written in its canonical form', () => {
  const cases = {
    '192.0.2.0/24': '192.0.2.0/24',
    '0.0.0.0/0': '0.0.0.0/0',
    '192.0.2.1/32': '192.0.2.1/32',
    '2001:DB8:0::/32': '2001:db8::/32',
    '::/0': '::/0',
    '::1/128': '::1/128',
    '::ffff:192.0.2.0/120': '192.0.2.0/24',
    '::ffff:0.0.0.0/96': '0.0.0.0/0',
  };
  for (const [text, canonical] of Object.entries(cases)) {
    assert.equal(formatNetblock(parseNetblock(text)), canonical, text);
  }
});

test('what is no netblock is refused with advice', () => {
  const cases: Readonly<Record<string, RegExp>> = {
    '192.0.2.1/24': /did you mean "192\.0\.2\.0\/24"/,
    '2001:db8::1/32': /did you mean "2001:db8::\/32"/,
    '192.0.2.1': /write "192\.0\.2\.1\/32"/,
    '::1': /write "::1\/128"/,
    '192.0.2.0/33': /from 0 to 32/,
    '2001:db8::/129': /from 0 to 128/,
    '::ffff:192.0.2.0/95': /from 96 to 128/,
    '192.0.2.0/024': /a length/,
    '192.0.2.0/': /a length/,
    '192.0.2.0/-1': /a length/,
    '192.0.2.0/8/8': /a length/,
    '192.0.2/24': /expected one such as/,
    '/24': /expected one such as/,
    'fe80::%eth0/64': /expected one such as/,
  };
  for (const [text, advice] of Object.entries(cases)) {
    assert.throws(
      () => parseNetblock(text),
      (error) => isSignpostError(error, 'USAGE') && advice.test(error.message),
      text,
    );
  }
});

test('a netblock contains the addresses that begin like it, and no other family', () => {
  const block = parseNetblock('192.0.2.0/25');
  assert.ok(netblockContains(block, parseIpAddress('192.0.2.127')));
  assert.ok(netblockContains(block, parseIpAddress('::ffff:192.0.2.1')));
  assert.ok(!netblockContains(block, parseIpAddress('192.0.2.128')));
  assert.ok(!netblockContains(parseNetblock('::/0'), parseIpAddress('192.0.2.1')));
});

test('every address is in its own netblock of any length, and printing round-trips', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(128), (text, bits) => {
      const address = parseIpAddress(text);
      const words = wordsOf(address);
      const length = words.family === 4 ? bits % 33 : bits;
      const masked = formatWords(maskWords(words, length));
      // A short IPv6 netblock that begins where the IPv4-mapped ones do is written like one of them.
      fc.pre(masked.includes(':') === (words.family === 6));
      const netblock = parseNetblock(`${masked}/${length}`);
      assert.ok(netblockContains(netblock, address));
      assert.deepEqual(parseNetblock(formatNetblock(netblock)), netblock);
    }),
  );
});
