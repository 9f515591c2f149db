import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from './address.ts';
import { clientNetworkOf } from './client-network.ts';

const sameNetwork = (one: string, other: string) =>
  clientNetworkOf(parseIpAddress(one)) === clientNetworkOf(parseIpAddress(other));

test('all addresses of a /24, or of a /48 in IPv6, are one client network, and no others', () => {
  assert.ok(sameNetwork('192.0.2.1', '192.0.2.254'));
  assert.ok(!sameNetwork('192.0.2.1', '192.0.3.1'));
  assert.ok(sameNetwork('2001:db8:1:2::3', '2001:db8:1:ffff::4'));
  assert.ok(!sameNetwork('2001:db8:1::', '2001:db8:2::'));
  assert.ok(sameNetwork('::ffff:192.0.2.1', '192.0.2.77'), 'an IPv4-mapped address is an IPv4 address');
  assert.ok(!sameNetwork('::', '0.0.0.0'));
});
