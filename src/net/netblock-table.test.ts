import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AddressWords, type Netblock, formatWords, parseIpAddress, wordsOf } from './address.ts';
import { formatNetblock, maskWords, netblockContains, parseNetblock } from './netblock.ts';
import { type NetblockMatch, createNetblockTable } from './netblock-table.ts';

const find = (table: ReturnType<typeof createNetblockTable<string>>, address: string) =>
  chain(table.find(wordsOf(parseIpAddress(address))));
const tableOf = (...netblocks: string[]) =>
  createNetblockTable(netblocks.map((text) => ({ netblock: parseNetblock(text), value: text })));

test('the longest netblock is found first, the wider ones behind it', () => {
  const table = tableOf('10.0.0.0/8', '0.0.0.0/0', '10.1.2.0/24', '10.1.0.0/16', '10.1.2.3/32');
  assert.deepEqual(find(table, '10.1.2.3'), [
    '10.1.2.3/32',
    '10.1.2.0/24',
    '10.1.0.0/16',
    '10.0.0.0/8',
    '0.0.0.0/0',
  ]);
  assert.deepEqual(find(table, '10.1.2.4'), ['10.1.2.0/24', '10.1.0.0/16', '10.0.0.0/8', '0.0.0.0/0']);
  assert.deepEqual(find(table, '10.2.0.0'), ['10.0.0.0/8', '0.0.0.0/0']);
  assert.deepEqual(find(table, '255.255.255.255'), ['0.0.0.0/0']);
  assert.deepEqual(find(table, '::1'), []);
});

test('netblocks that touch the ends of the address space, or each other, are found', () => {
  const table = tableOf(
    '0.0.0.0/32',
    '255.255.255.255/32',
    '10.0.0.0/9',
    '10.128.0.0/9',
    '::/128',
    'ffff::/16',
    '::/1',
  );
  assert.deepEqual(find(table, '0.0.0.0'), ['0.0.0.0/32']);
  assert.deepEqual(find(table, '0.0.0.1'), []);
  assert.deepEqual(find(table, '255.255.255.255'), ['255.255.255.255/32']);
  assert.deepEqual(find(table, '10.127.255.255'), ['10.0.0.0/9']);
  assert.deepEqual(find(table, '10.128.0.0'), ['10.128.0.0/9']);
  assert.deepEqual(find(table, '::'), ['::/128', '::/1']);
  assert.deepEqual(find(table, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), ['ffff::/16']);
  assert.equal(table.size, 7);
});

test('of the same netblock twice the later counts, and an empty table finds nothing', () => {
  const netblock = parseNetblock('192.0.2.0/24');
  const table = createNetblockTable([
    { netblock, value: 'first' },
    { netblock: parseNetblock('192.0.0.0/16'), value: 'wide' },
    { netblock, value: 'second' },
  ]);
  assert.equal(table.size, 2);
  assert.deepEqual(find(table, '192.0.2.1'), ['second', 'wide']);
  assert.deepEqual(find(createNetblockTable<string>([]), '192.0.2.1'), []);
});

test('a table finds just what a scan finds, small or large', () => {
  // Few distinct bits, so that netblocks nest, touch and coincide.
  const word = fc.integer({ min: 0, max: 7 }).map((bits) => (bits << 29) | (bits & 3));
  const words = fc.record<AddressWords>({
    family: fc.constantFrom(4, 6),
    a: word,
    b: word,
    c: word,
    d: word,
  });
  const clean = ({ family, a, b, c, d }: AddressWords): AddressWords =>
    family === 4 ? { family, a, b: 0, c: 0, d: 0 } : { family, a, b, c, d };
  const netblock = fc.tuple(words, fc.nat(128)).map(([words, bits]): Netblock => {
    const length = words.family === 4 ? bits % 33 : bits;
    return { family: words.family, address: formatWords(maskWords(clean(words), length)), length };
  });
  fc.assert(
    fc.property(
      fc.array(netblock, { maxLength: 60 }),
      fc.array(words, { maxLength: 20 }),
      (netblocks, addresses) => {
        const entries = netblocks.map((netblock) => ({ netblock, value: formatNetblock(netblock) }));
        assertLikeScan(entries, addresses.map(clean));
      },
    ),
  );
});

for (const [kind, makeWords] of Object.entries({
  'IPv4 table': (a: number): AddressWords => ({ family: 4, a, b: 0, c: 0, d: 0 }),
  'IPv6 table': (a: number, b: number, c: number, d: number): AddressWords => ({ family: 6, a, b, c, d }),
  // All in one /32, many of them alike in their first 53 bits, which are compared first.
  'IPv6 table of neighbours': (a: number, b: number, c: number, d: number): AddressWords => {
    return { family: 6, a: 0x2001_0db8, b: (a & 0x7000_0000) | (b & 0xfff), c: c & 0x1_0001, d };
  },
})) {
  test(`a large ${kind}, which has an index, finds just what a scan finds`, () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = (at: number, salt: number) =>
          Math.imul(at ^ seed ^ salt, 0x9e37_79b1) ^ (at << (salt % 20));
        const wordsOf = (at: number, salt: number) =>
          makeWords(random(at, salt), random(at, salt + 1), random(at, salt + 2), random(at, salt + 3));
        const entries = Array.from({ length: 2000 }, (_, at) => {
          const words = wordsOf(at, 3);
          const length = words.family === 4 ? 8 + (at % 25) : 20 + (at % 109);
          const address = formatWords(maskWords(words, length));
          const netblock: Netblock = { family: words.family, address, length };
          return { netblock, value: formatNetblock(netblock) };
        });
        const addresses = Array.from({ length: 20 }, (_, at) =>
          at % 3 === 0 ? parsed(entries[at * 17]?.netblock) : wordsOf(at, at % 3 === 1 ? 3 : 11),
        );
        assertLikeScan(entries, addresses);
      }),
      { numRuns: 5 },
    );
  });
}

test('an IPv4-mapped address is found where the IPv4 address is, and never among IPv6 netblocks', () => {
  const table = tableOf('192.0.2.0/24', '::/0', '::ffff:198.51.100.0/120');
  assert.deepEqual(find(table, '::ffff:192.0.2.1'), ['192.0.2.0/24']);
  assert.deepEqual(find(table, '::ffff:c000:201'), ['192.0.2.0/24']);
  assert.deepEqual(find(table, '198.51.100.1'), ['::ffff:198.51.100.0/120']);
  assert.deepEqual(find(table, '::fffe:192.0.2.1'), ['::/0']);
});

test('intervals over all of the address space are found to their very ends', () => {
  const ends = ['::/128', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128', '8000::/1'];
  const table = tableOf(...ends);
  assert.deepEqual(find(table, '::'), ['::/128']);
  assert.deepEqual(find(table, '::1'), []);
  assert.deepEqual(find(table, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe'), ['8000::/1']);
  assert.deepEqual(find(table, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), [ends[1], '8000::/1']);
});

function parsed(netblock: Netblock | undefined): AddressWords {
  assert.ok(netblock !== undefined);
  return wordsOf(netblock.address);
}

function assertLikeScan(
  entries: readonly { readonly netblock: Netblock; readonly value: string }[],
  addresses: readonly AddressWords[],
): void {
  const table = createNetblockTable(entries);
  assert.equal(table.size, new Set(entries.map(({ value }) => value)).size);
  for (const words of addresses) {
    const address = formatWords(words);
    const found = entries.filter(({ netblock }) => netblockContains(netblock, address));
    const longestFirst = found.toSorted((one, other) => other.netblock.length - one.netblock.length);
    assert.deepEqual(chain(table.find(words)), [...new Set(longestFirst.map(({ value }) => value))], address);
  }
}

function chain(match: NetblockMatch<string> | undefined): string[] {
  return match === undefined ? [] : [match.value, ...chain(match.wider)];
}
