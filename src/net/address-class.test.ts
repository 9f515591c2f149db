import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseIpAddress } from './address.ts';
import { classifyAddress, mayConnect } from './address-class.ts';
import { parseNetblock } from './netblock.ts';

suite('the class of an address', () => {
  const cases: Record<string, string> = {
    '8.8.8.8': 'public',
    '172.15.255.255': 'public',
    '172.32.0.0': 'public',
    '100.63.255.255': 'public',
    '2a00:1450::1': 'public',
    '2001:200::1': 'public',
    '127.0.0.1': 'loopback',
    '127.255.255.254': 'loopback',
    '::1': 'loopback',
    '::ffff:127.0.0.1': 'loopback',
    '10.1.2.3': 'private',
    '172.16.0.1': 'private',
    '172.31.255.255': 'private',
    '192.168.1.1': 'private',
    '100.64.0.1': 'private',
    '::ffff:10.0.0.1': 'private',
    'fd12::1': 'private',
    'fec0::1': 'private',
    '169.254.1.1': 'link-local',
    'fe80::1': 'link-local',
    '169.254.169.254': 'metadata',
    '::ffff:a9fe:a9fe': 'metadata',
    '100.100.100.200': 'metadata',
    '168.63.129.16': 'metadata',
    'fd00:ec2::254': 'metadata',
    '224.0.0.1': 'multicast',
    'ff02::1': 'multicast',
    '0.0.0.0': 'reserved',
    '::': 'reserved',
    '255.255.255.255': 'reserved',
    '192.0.2.1': 'reserved',
    '198.18.0.1': 'reserved',
    '2001:db8::1': 'reserved',
    '2001::1': 'reserved',
    '2002:7f00:1::1': 'reserved',
    '64:ff9b::7f00:1': 'reserved',
    '::7f00:1': 'reserved',
    '4000::1': 'reserved',
  };
  for (const [text, expected] of Object.entries(cases)) {
    test(`${text} is ${expected}`, () => {
      const address = parseIpAddress(text);
      assert.equal(classifyAddress(address), expected);
      assert.equal(mayConnect(address, []), expected === 'public');
    });
  }

  test('the operator can allow what is refused otherwise, and nothing beside it', () => {
    const allowed = [parseNetblock('10.0.0.0/24')];
    assert.equal(mayConnect(parseIpAddress('10.0.0.7'), allowed), true);
    assert.equal(mayConnect(parseIpAddress('::ffff:10.0.0.7'), allowed), true);
    assert.equal(mayConnect(parseIpAddress('10.0.1.7'), allowed), false);
  });

  const carriers: Record<string, boolean> = {
    '64:ff9b::808:808': true,
    '64:ff9b::7f00:1': false,
    '64:ff9b::a9fe:a9fe': false,
    '64:ff9b::a00:7': false,
    '2002:808:808::1': true,
    '2002:7f00:1::1': false,
    '2002:c0a8:101::1': false,
    '::ffff:127.0.0.1': false,
  };
  for (const [text, expected] of Object.entries(carriers)) {
    test(`where NAT64 and 6to4 are allowed, ${text} is ${expected ? 'allowed' : 'refused'} for what it carries`, () => {
      const allowed = ['64:ff9b::/96', '2002::/16'].map(parseNetblock);
      assert.equal(mayConnect(parseIpAddress(text), allowed), expected);
    });
  }

  test('what is carried can be allowed, too', () => {
    const allowed = ['64:ff9b::/96', '10.0.0.0/24'].map(parseNetblock);
    assert.equal(mayConnect(parseIpAddress('64:ff9b::a00:7'), allowed), true);
    assert.equal(mayConnect(parseIpAddress('64:ff9b::a00:107'), allowed), false);
    assert.equal(mayConnect(parseIpAddress('64:ff9b::a00:7'), allowed.slice(1)), false);
  });
});
