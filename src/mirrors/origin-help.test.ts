import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '../net/address.ts';
import { clientNetworkOf } from '../net/client-network.ts';
import { OriginHelp } from './origin-help.ts';

const options = { originBurst: 16, originPerSecond: 0.25 };
const network = (address: string) => clientNetworkOf(parseIpAddress(address));

/** How often a network is helped that asks ten times a second. */
function insist(help: OriginHelp, networks: readonly string[], from: number, to: number): number {
  let helped = 0;
  for (let now = from; now < to; now += 100) {
    for (const one of networks) if (help.take(network(one), now)) helped += 1;
  }
  return helped;
}

test('one network gets a quarter, at once and on the long run, from however many of its addresses it asks', () => {
  const help = new OriginHelp(options);
  const addresses = ['203.0.113.1', '203.0.113.77', '203.0.113.250'];
  assert.equal(insist(help, addresses, 0, 1000), 4);
  const inAnHour = insist(help, addresses, 1000, 3_601_000);
  assert.ok(inAnHour <= 226 && inAnHour >= 220, `${inAnHour} in an hour`);
  const customer = new OriginHelp(options);
  assert.equal(insist(customer, ['2001:db8::1', '2001:db8:0:7::1', '2001:db8::2'], 0, 1000), 4);
});

test('others are helped at once while one network insists', () => {
  const help = new OriginHelp(options);
  insist(help, ['203.0.113.1'], 0, 60_000);
  for (const address of ['192.0.2.7', '192.0.2.8', '192.0.2.9']) {
    assert.ok(help.take(network(address), 60_000), address);
  }
});

test('some is kept for networks that had none lately, however many insist', () => {
  const help = new OriginHelp(options);
  const many = Array.from({ length: 50 }, (_, index) => `10.0.${index}.1`);
  insist(help, many, 0, 600_000);
  insist(help, many.slice(0, 10), 600_000, 700_000);
  assert.ok(help.take(network('192.0.2.7'), 700_000));
});

test('all together never get more than there is', () => {
  const help = new OriginHelp(options);
  const many = Array.from({ length: 200 }, (_, index) => `10.0.${index}.1`);
  assert.ok(insist(help, many, 0, 60_000) <= 16 + 15);
});
