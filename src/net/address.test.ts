import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSignpostError } from '../oci/errors.ts';
import { type AddressWords, formatWords, parseIpAddress, readIpAddress, wordsOf } from './address.ts';

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
const groups = fc.array(group, { minLength: 8, maxLength: 8 });

test('an address is read in every form and written in one (RFC 4291, section 2.2; RFC 5952)', () => {
  const cases = {
    '192.0.2.1': '192.0.2.1',
    '0.0.0.0': '0.0.0.0',
    '255.255.255.255': '255.255.255.255',
    '::': '::',
    '::1': '::1',
    '1::': '1::',
    '2001:DB8:0:0:0:0:0:1': '2001:db8::1',
    '2001:0db8::0001': '2001:db8::1',
    // RFC 5952, section 4.2.2: one group of zeros is not shortened.
    '2001:db8::1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
    // Section 4.2.3: the longest run, and the first of equal ones.
    '2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
    '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
    '1:2:3:4:5:6:7::': '1:2:3:4:5:6:7:0',
    '::2:3:4:5:6:7:8': '0:2:3:4:5:6:7:8',
    '64:ff9b::192.0.2.33': '64:ff9b::c000:221',
    '1:2:3:4:5:6:192.0.2.1': '1:2:3:4:5:6:c000:201',
    // RFC 4291, section 2.5.5.2: IPv4-mapped.
    '::ffff:192.0.2.1': '192.0.2.1',
    '::FFFF:c000:201': '192.0.2.1',
    '0:0:0:0:0:ffff:192.0.2.1': '192.0.2.1',
    // Section 2.5.5.1: IPv4-compatible ones are ordinary IPv6.
    '::192.0.2.1': '::c000:201',
  };
  for (const [text, canonical] of Object.entries(cases)) assert.equal(parseIpAddress(text), canonical, text);
});

test('what is no address is refused, and the message says what was expected', () => {
  const words =
    '1 1.2.3 1.2.3.4.5 1.2.3.256 1.2.3.04 01.2.3.4 1.2.3.-4 0x7f.1 1..2.3 .1.2.3.4 1.2.3.4. +1.2.3.4 1e1.2.3.4 ' +
    ': ::: :1 1: 1::2::3 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7:8:: ::12345 ::g ::1.2.3 1.2.3.4:: ' +
    '::1.2.3.4:5 ::1.2.3.256 1:2:3:4:5:6:7:1.2.3.4 [::1] ::1/128 fe80::1%eth0 ::1% 1:2:3:4::5:6:7:8:9';
  const odd = [
    '',
    ' ',
    '1.2.3.4 ',
    ' ::1',
    '１.2.3.4',
    '1.2.3.4\0',
    '1.2.3.4\n',
    '0'.repeat(46),
    '::'.padEnd(9999, '0'),
  ];
  const wrong = [...words.split(' '), ...odd];
  for (const text of wrong) {
    assert.equal(readIpAddress(text), undefined, text);
    assert.throws(
      () => parseIpAddress(text),
      (error) => isSignpostError(error, 'USAGE') && error.message.includes('"192.0.2.1"'),
    );
  }
  assert.throws(() => parseIpAddress('fe80::1%eth0'), /without a zone/);
});

test('reading what was written gives the same address', () => {
  fc.assert(
    fc.property(fc.constantFrom(4 as const, 6 as const), word, word, word, word, (family, a, b, c, d) => {
      const words: AddressWords = family === 4 ? { family, a, b: 0, c: 0, d: 0 } : { family, a, b, c, d };
      const text = formatWords(words);
      assert.deepEqual(wordsOf(text), words);
      assert.equal(parseIpAddress(text), text);
    }),
  );
});

test('every way to write an address is read as the same one', () => {
  fc.assert(
    fc.property(groups, fc.boolean(), fc.nat(7), fc.nat(7), (values, upper, from, length) => {
      const plain = values.map((value) => value.toString(16));
      const padded = values.map((value) => value.toString(16).padStart(4, '0')).join(':');
      const expected = parseIpAddress(plain.join(':'));
      assert.equal(parseIpAddress(upper ? padded.toUpperCase() : padded), expected);
      const to = Math.min(8, from + length + 1);
      if (values.slice(from, to).every((value) => value === 0)) {
        assert.equal(
          parseIpAddress(`${plain.slice(0, from).join(':')}::${plain.slice(to).join(':')}`),
          expected,
        );
      }
      const [seventh = 0, eighth = 0] = values.slice(6);
      const dotted = [seventh >> 8, seventh & 255, eighth >> 8, eighth & 255].join('.');
      assert.equal(parseIpAddress(`${plain.slice(0, 6).join(':')}:${dotted}`), expected);
    }),
  );
});

test('no text makes the reader throw, and what it reads is canonical', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdefF:.%/')) }),
    fc.ipV4(),
    fc.ipV6(),
  );
  fc.assert(
    fc.property(text, (text) => {
      const address = readIpAddress(text);
      if (address !== undefined) assert.equal(readIpAddress(address), address);
    }),
    { numRuns: 1000 },
  );
});

test('every address that a standard generator makes is read', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => assert.notEqual(readIpAddress(text), undefined)),
    { numRuns: 500 },
  );
});
