import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from './address.ts';
import { parseNetblock } from './netblock.ts';
import { mayConnectTo, specialAddressKind } from './special-addresses.ts';

test('addresses that lead inside are told by their kind', () => {
  const cases = {
    '127.0.0.1': 'loopback',
    '::1': 'loopback',
    '::ffff:127.0.0.1': 'loopback',
    '0.0.0.0': 'unspecified',
    '::': 'unspecified',
    '10.1.2.3': 'private',
    '172.31.255.255': 'private',
    '192.168.0.1': 'private',
    '100.64.0.1': 'private',
    'fd00::1': 'private',
    // Where clouds serve credentials to their machines.
    '169.254.169.254': 'link-local',
    'fe80::1': 'link-local',
    'fd00:ec2::254': 'private',
    '224.0.0.1': 'multicast',
    'ff02::1': 'multicast',
    '255.255.255.255': 'reserved',
    '64:ff9b::7f00:1': 'translated',
    '2002:7f00:1::': 'translated',
    '::7f00:1': 'translated',
    '2001:db8::1': 'documentation',
  };
  for (const [text, kind] of Object.entries(cases))
    assert.equal(specialAddressKind(parseIpAddress(text)), kind, text);
});

test('ordinary addresses are not special', () => {
  for (const text of [
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '126.255.255.255',
    '2a00::1',
    '2606:4700::1111',
  ]) {
    assert.equal(specialAddressKind(parseIpAddress(text)), undefined, text);
    assert.ok(mayConnectTo(parseIpAddress(text), []));
  }
});

test('the operator can allow some, and only those', () => {
  const allowed = [parseNetblock('127.0.0.0/8'), parseNetblock('fd12::/16')];
  assert.ok(mayConnectTo(parseIpAddress('127.0.0.9'), allowed));
  assert.ok(mayConnectTo(parseIpAddress('fd12::9'), allowed));
  assert.ok(!mayConnectTo(parseIpAddress('::1'), allowed));
  assert.ok(!mayConnectTo(parseIpAddress('10.0.0.1'), allowed));
});
