import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIpAddress } from '../../net/address.ts';
import { ConnectionShares } from './connection-shares.ts';

/** Connections that say whether they are open. */
function createWorld(limit: number) {
  const shares = new ConnectionShares(limit);
  const open = new Map<string, number>();
  const connect = (address: string) => {
    const connection = { isOpen: true, destroy: () => end() };
    const end = () => {
      if (!connection.isOpen) return;
      connection.isOpen = false;
      open.set(address, (open.get(address) ?? 0) - 1);
      admitted?.closed();
    };
    const admitted = shares.admit(parseIpAddress(address), connection);
    if (admitted === undefined) connection.isOpen = false;
    else open.set(address, (open.get(address) ?? 0) + 1);
    return { connection, admitted };
  };
  return { connect, count: (address: string) => open.get(address) ?? 0, open };
}

test('one host gets a quarter, its network a half, and the connections that are idle make room for new ones', () => {
  const { connect, count } = createWorld(100);
  const first = connect('192.0.2.1');
  for (let more = 0; more < 200; more += 1) assert.ok(connect('192.0.2.1').admitted);
  assert.equal(count('192.0.2.1'), 25);
  assert.equal(first.connection.isOpen, false);
  for (let host = 2; host < 100; host += 1) assert.ok(connect(`192.0.2.${host}`).admitted);
  assert.equal(
    [...Array(100).keys()].reduce((sum, host) => sum + count(`192.0.2.${host}`), 0),
    50,
  );
  assert.ok(connect('198.51.100.1').admitted);
});

test('who works is not interrupted for another of its own: that one is refused', () => {
  const { connect, count } = createWorld(8);
  const [one, two] = [connect('192.0.2.1'), connect('192.0.2.1')];
  one.admitted?.busy();
  two.admitted?.busy();
  assert.equal(connect('192.0.2.1').admitted, undefined);
  assert.ok(connect('192.0.2.2').admitted, 'a neighbour still gets in');
  one.admitted?.idle();
  assert.ok(connect('192.0.2.1').admitted);
  assert.equal(one.connection.isOpen, false);
  assert.equal(count('192.0.2.1'), 2);
});

test('addresses of one IPv6 customer count together', () => {
  const { connect, open } = createWorld(40);
  for (let at = 0; at < 100; at += 1) connect(`2001:db8::${at.toString(16)}`);
  assert.equal(
    [...open.values()].reduce((sum, one) => sum + one, 0),
    10,
  );
});

test('when all are taken, the network with the most gives one up, working or not', () => {
  const { connect, count } = createWorld(8);
  for (const host of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.2', '198.51.100.1', '203.0.113.1'])
    connect(host).admitted?.busy();
  for (const host of ['198.51.100.2', '203.0.113.2']) connect(host).admitted?.busy();
  assert.ok(connect('100.64.0.1').admitted);
  assert.equal(count('192.0.2.1') + count('192.0.2.2'), 3);
  // Nobody who has as many as the others takes from them.
  for (const address of ['100.64.0.2', '100.64.0.3', '100.64.0.4']) connect(address).admitted?.busy();
  const before = count('198.51.100.1') + count('198.51.100.2');
  assert.equal(connect('100.64.0.5').admitted, undefined);
  assert.equal(count('198.51.100.1') + count('198.51.100.2'), before);
});

test('whatever comes and goes, there are never more than there may be, and nothing stays counted', () => {
  const address = fc.constantFrom(
    '192.0.2.1',
    '192.0.2.2',
    '198.51.100.1',
    '2001:db8::1',
    '2001:db8::2',
    '::1',
  );
  const step = fc.tuple(fc.constantFrom('connect', 'busy', 'idle', 'close'), address, fc.nat(20));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.integer({ min: 1, max: 6 }), (steps, limit) => {
      const { connect, open } = createWorld(limit);
      const all: ReturnType<typeof connect>[] = [];
      for (const [what, where, index] of steps) {
        if (what === 'connect') all.push(connect(where));
        else if (what === 'close') all[index]?.connection.destroy();
        else all[index]?.admitted?.[what]();
        assert.ok([...open.values()].reduce((sum, one) => sum + one, 0) <= limit);
      }
      for (const { connection } of all) connection.destroy();
      assert.ok([...open.values()].every((one) => one === 0));
      // Had one stayed counted, there would be no room for this.
      for (let more = 0; more < limit; more += 1) assert.ok(connect(`10.${more}.0.1`).admitted);
    }),
  );
});
