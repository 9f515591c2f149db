import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterTries, reachableOver } from './url-states.ts';

const [one, two] = ['https://one.example.org', 'https://two.example.org'];
const both = [4, 6] as const;

test('a way that failed is out, and one that passed is in', () => {
  const states = afterTries(
    [],
    [{ url: one, families: both }],
    [
      { url: one, family: 4 },
      { url: one, family: 6, reason: 'timeout: no connection' },
    ],
  );
  assert.deepEqual(states, [
    { url: one, reachable: true, ipv4: true, ipv6: false, reason: 'timeout: no connection' },
  ]);
  assert.deepEqual([reachableOver(states, 4), reachableOver(states, 6)], [true, false]);
});

test('what was not tried stays as it was, and what has passed again is whole', () => {
  const before = [{ url: one, reachable: true, ipv4: true, ipv6: false, reason: 'tls: expired' }];
  const addresses = [{ url: one, families: both }];
  assert.deepEqual(afterTries(before, addresses, []), before);
  assert.deepEqual(afterTries(before, addresses, [{ url: one, family: 6 }]), [
    { url: one, reachable: true, ipv4: true, ipv6: true },
  ]);
});

test('an address family that is new is not known until it is tried', () => {
  const before = [{ url: one, reachable: true, ipv4: true, ipv6: false }];
  const states = afterTries(before, [{ url: one, families: both }], []);
  assert.deepEqual(states, [{ url: one, reachable: true, ipv4: true }]);
  assert.equal(reachableOver(states, 6), undefined);
});

test('one URL of several may be gone, and is not counted', () => {
  const states = afterTries(
    [],
    [
      { url: one, families: [4] },
      { url: two, reason: 'refused: no such name' },
    ],
    [{ url: one, family: 4 }],
  );
  assert.deepEqual(states, [
    { url: one, reachable: true, ipv4: true, ipv6: false },
    { url: two, reachable: false, reason: 'refused: no such name' },
  ]);
  assert.deepEqual([reachableOver(states, 4), reachableOver(states, 6)], [true, false]);
});
