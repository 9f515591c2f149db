import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress, wordsOf } from '../../net/address.ts';
import { createNetworkCache } from './network-cache.ts';

const words = (text: string) => wordsOf(parseIpAddress(text));

test('a value is found for every address of its network, and no other', () => {
  const cache = createNetworkCache<string>();
  cache.set(words('192.0.2.1'), 'four', 24);
  cache.set(words('2001:db8:1::1'), 'six', 48);
  cache.set(words('::1'), 'zero', 0);
  assert.equal(cache.get(words('192.0.2.254')), 'four');
  assert.equal(cache.get(words('192.0.3.1')), undefined);
  assert.equal(cache.get(words('2001:db8:1:ffff::')), 'six');
  assert.equal(cache.get(words('2001:db8:2::')), undefined);
  assert.equal(cache.get(words('0.0.0.1')), undefined);
});

test('a value that holds for a part of a network only is not kept', () => {
  const cache = createNetworkCache<string>();
  cache.set(words('192.0.2.1'), 'part', 25);
  cache.set(words('2001:db8::1'), 'part', 49);
  assert.equal(cache.get(words('192.0.2.1')), undefined);
  assert.equal(cache.get(words('2001:db8::1')), undefined);
});

test('what is asked for stays, and the rest goes', () => {
  const cache = createNetworkCache<number>(10);
  const network = (at: number) => words(`10.${at >> 8}.${at & 255}.1`);
  for (let at = 0; at < 1000; at += 1) {
    cache.set(network(at), at, 24);
    assert.equal(cache.get(network(0)), 0);
  }
  const kept = Array.from({ length: 1000 }, (_, at) => cache.get(network(at))).filter(
    (value) => value !== undefined,
  );
  assert.ok(kept.length <= 20, `${kept.length} are kept`);
  assert.equal(cache.get(network(0)), 0);
});
