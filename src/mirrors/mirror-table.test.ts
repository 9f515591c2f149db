import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthyStates, numberedMirror } from '../../test/fakes/mirrors.ts';
import { parseIpAddress, wordsOf } from '../net/address.ts';
import { compileMirrors, withStates } from './mirror-table.ts';
import { parseNetblock } from '../net/netblock.ts';

test('a table is compiled in pieces, more than one for each CIDR block', () => {
  const blocks = 20;
  const mirrors = Array.from({ length: 100 }, (_, at) =>
    numberedMirror(at + 1, {
      netblocks: Array.from({ length: blocks }, (__, block) =>
        parseNetblock(block % 2 === 0 ? `10.${at}.${block}.0/24` : `2001:db8:${at}:${block}::/64`),
      ),
    }),
  );
  const pieces = compileMirrors(mirrors, 0.5);
  let count = 1;
  let step = pieces.next();
  for (; step.done !== true; step = pieces.next()) count += 1;
  assert.ok(count > mirrors.length * blocks, `${count} pieces`);

  const table = withStates(step.value, healthyStates(mirrors));
  assert.equal(table.maxShare, 0.5);
  assert.equal(table.byNetblock.size, mirrors.length * blocks);
  const match = table.byNetblock.find(wordsOf(parseIpAddress('2001:db8:42:19::1')));
  assert.deepEqual([...(match?.value ?? [])], [42]);
});
