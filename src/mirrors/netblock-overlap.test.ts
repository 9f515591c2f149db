import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Netblock } from '../net/address.ts';
import { netblockContains, parseNetblock } from '../net/netblock.ts';
import { createOverlapSearch, findNested } from './netblock-overlap.ts';

const overlap = (one: Netblock, other: Netblock) =>
  netblockContains(one, other.address) || netblockContains(other, one.address);

/** Blocks close together, so that many overlap, and some at both ends of all addresses. */
const netblock = fc
  .tuple(
    fc.constantFrom(4, 6),
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 0, max: 8 }),
    fc.constantFrom(0, 1, 255),
  )
  .map(([family, octet, length, first]) => {
    const kept = octet & (0xff << (8 - length));
    return family === 4
      ? parseNetblock(`${first}.0.0.${kept}/${24 + length}`)
      : parseNetblock(`${first.toString(16)}::${kept.toString(16)}/${120 + length}`);
  });

test('whatever the blocks, those that overlap are found, and no others', () => {
  fc.assert(
    fc.property(fc.array(netblock, { maxLength: 20 }), netblock, (blocks, wanted) => {
      const apart: Netblock[] = [];
      for (const block of blocks) if (!apart.some((other) => overlap(other, block))) apart.push(block);
      const found = createOverlapSearch(apart).find(wanted);
      assert.equal(
        found !== undefined,
        apart.some((block) => overlap(block, wanted)),
      );
      if (found !== undefined) assert.ok(overlap(found, wanted));
    }),
  );
});

test('whatever the blocks, it is found when one lies in another', () => {
  fc.assert(
    fc.property(fc.array(netblock, { maxLength: 20 }), (blocks) => {
      const nested = findNested(blocks);
      const expected = blocks.some((one, at) => blocks.slice(at + 1).some((other) => overlap(one, other)));
      assert.equal(nested !== undefined, expected);
      if (nested !== undefined) {
        const [wide, narrow] = nested;
        assert.ok(wide.length <= narrow.length && netblockContains(wide, narrow.address));
      }
    }),
  );
});
