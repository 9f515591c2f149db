import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseNetblock } from './netblock.ts';
import { createOriginFinder } from './client-address.ts';

const proxies = [parseNetblock('10.0.0.0/8'), parseNetblock('2001:db8:ffff::/48')];
const finder = createOriginFinder(proxies);
const find = (peer: string | undefined, forwardedFor?: string, forwardedProto?: string, encrypted = false) =>
  finder.find(finder.peerOf(peer), { encrypted, forwardedFor, forwardedProto });

test('a peer that is no proxy speaks for itself', () => {
  assert.deepEqual(find('192.0.2.1', '198.51.100.1', 'https'), { address: '192.0.2.1', secure: false });
  assert.deepEqual(find('192.0.2.1', undefined, 'http', true), { address: '192.0.2.1', secure: true });
  assert.deepEqual(finder.peerOf('192.0.2.1'), { address: '192.0.2.1', isProxy: false });
  assert.deepEqual(finder.peerOf('10.1.2.3'), { address: '10.1.2.3', isProxy: true });
});

test('without trusted proxies nobody is one', () => {
  const nobody = createOriginFinder([]);
  const peer = nobody.peerOf('::ffff:10.0.0.1');
  const claims = { encrypted: false, forwardedFor: '192.0.2.1', forwardedProto: 'https' };
  assert.deepEqual(nobody.find(peer, claims), { address: '10.0.0.1', secure: false });
});

test('behind a proxy the right-most address that is no proxy counts', () => {
  const wanted: readonly [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['198.51.100.9, 192.0.2.1', '192.0.2.1'],
    ['198.51.100.9,192.0.2.1 , 10.9.9.9', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]:443, 2001:db8:ffff::2', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['', '10.0.0.1'],
    ['10.0.0.7', '10.0.0.7'],
    ['unknown', '10.0.0.1'],
    ['192.0.2.1, unknown', '10.0.0.1'],
    ['192.0.2.1, unknown, 10.2.2.2', '10.2.2.2'],
    ['192.0.2.1,', '10.0.0.1'],
    ['1.2.3.4.5', '10.0.0.1'],
  ];
  for (const [header, address] of wanted) assert.equal(find('10.0.0.1', header).address, address, header);
});

test('behind a proxy X-Forwarded-Proto counts, the last one', () => {
  assert.equal(find('10.0.0.1', '192.0.2.1', 'https').secure, true);
  assert.equal(find('10.0.0.1', '192.0.2.1', 'http', true).secure, false);
  assert.equal(find('10.0.0.1', '192.0.2.1', 'https, HTTP').secure, false);
  assert.equal(find('10.0.0.1', '192.0.2.1', undefined, true).secure, true);
});

test('a connection that is gone has no address, and nothing breaks', () => {
  assert.equal(find(undefined).address, '0.0.0.0');
  assert.equal(find('fe80::1%eth0').address, 'fe80::1');
});

test('whatever a client writes, the address stays the one that its proxy saw', () => {
  const hostile = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.1', ',,,', '[', '::'));
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 20 }), (written) => {
      const header = [...written, '192.0.2.77', '10.3.3.3'].join(', ');
      assert.equal(find('10.0.0.1', header).address, '192.0.2.77');
      assert.equal(find('192.0.2.78', header).address, '192.0.2.78');
    }),
  );
});

test('an absurd chain of proxies ends', () => {
  const header = `192.0.2.1, ${Array.from({ length: 5000 }, () => '10.0.0.2').join(', ')}`;
  assert.equal(find('10.0.0.1', header).address, '10.0.0.2');
});
