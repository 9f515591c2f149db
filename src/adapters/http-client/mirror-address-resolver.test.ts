import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { suite, test } from 'node:test';
import { parseNetblock } from '../../net/netblock.ts';
import { createMirrorAddressResolver } from './mirror-address-resolver.ts';

type Answer = readonly string[] | Error;

/** Names answer when the test lets them. */
function createWorld(allowed: readonly string[] = []) {
  const pending: { readonly host: string; readonly reply: (answer: Answer) => void }[] = [];
  const world = { time: 0, pending };
  const resolver = createMirrorAddressResolver(
    allowed.map(parseNetblock),
    'mirrors.allowAddresses',
    (host, callback) => {
      pending.push({
        host,
        reply: (answer) => {
          if (answer instanceof Error) callback(answer, []);
          else callback(null, answer.map(toLookupAddress));
        },
      });
    },
    () => world.time,
  );
  const resolve = async (host: string, answer?: Answer) => {
    const result = resolver.resolve(host, false);
    if (answer !== undefined) pending.shift()?.reply(answer);
    const resolved = await result;
    return resolved.ok ? resolved.addresses.map(({ address }) => address) : resolved.reason;
  };
  return Object.assign(world, { resolver, resolve });
}

const toLookupAddress = (address: string): LookupAddress => ({
  address,
  family: address.includes(':') ? 6 : 4,
});
const settle = async () => new Promise((resolve) => setImmediate(resolve));

suite('the resolver of mirror names', () => {
  test('gives only the addresses that may be connected to', async () => {
    const world = createWorld(['10.1.0.0/16']);
    const all = [
      '8.8.8.8',
      '127.0.0.1',
      '10.1.2.3',
      '10.2.2.3',
      '::ffff:192.168.0.1',
      '2a00::1',
      'fe80::1%eth0',
    ];
    assert.deepEqual(await world.resolve('mixed.example', all), ['8.8.8.8', '10.1.2.3', '2a00::1']);
    assert.equal(await world.resolve('inside.example', ['127.0.0.1', '169.254.169.254']), 'not-allowed');
    assert.equal(await world.resolve('gone.example', new Error('ENOTFOUND')), 'unknown-name');
    const named = await world.resolver.resolve('8.8.8.8', true);
    assert.equal(named.ok ? '' : named.reason, 'not-allowed');
  });

  test('asks once for many at the same time, and again after half a minute', async () => {
    const world = createWorld();
    const many = Promise.all(Array.from({ length: 9 }, async () => world.resolve('m.example')));
    assert.equal(world.pending.length, 1);
    world.pending.shift()?.reply(['8.8.8.8']);
    assert.deepEqual(new Set((await many).flat()), new Set(['8.8.8.8']));
    world.time = 29_000;
    assert.deepEqual(await world.resolve('m.example'), ['8.8.8.8']);
    assert.equal(world.pending.length, 0);
  });

  test('goes on with what it knows while a slow name server is asked again', async () => {
    const world = createWorld();
    await world.resolve('m.example', ['8.8.8.8']);
    world.time = 60_000;
    assert.deepEqual(await world.resolve('m.example'), ['8.8.8.8']);
    assert.deepEqual(await world.resolve('m.example'), ['8.8.8.8']);
    assert.equal(world.pending.length, 1);
    world.pending.shift()?.reply(['9.9.9.9']);
    await settle();
    assert.deepEqual(await world.resolve('m.example'), ['9.9.9.9']);
  });

  test('goes on with what it knows when a look-up fails, for ten minutes after the last good one', async () => {
    const world = createWorld();
    await world.resolve('m.example', ['8.8.8.8']);
    for (world.time = 31_000; world.time < 600_000; world.time += 30_000) {
      assert.deepEqual(await world.resolve('m.example', new Error('EAI_AGAIN')), ['8.8.8.8']);
      await settle();
      assert.deepEqual(await world.resolve('m.example'), ['8.8.8.8']);
      assert.equal(world.pending.length, 0, 'it is not asked again at once');
    }
    world.time = 600_001;
    assert.equal(await world.resolve('m.example', new Error('EAI_AGAIN')), 'unknown-name');
    world.time += 6000;
    assert.deepEqual(await world.resolve('m.example', ['9.9.9.9']), ['9.9.9.9']);
  });

  test('checks each new answer again: a name cannot move to a forbidden address', async () => {
    const world = createWorld();
    await world.resolve('m.example', ['8.8.8.8']);
    world.time = 60_000;
    await world.resolve('m.example', ['127.0.0.1']);
    await settle();
    assert.equal(await world.resolve('m.example'), 'not-allowed');
  });

  test('asks again soon for a name that did not resolve', async () => {
    const world = createWorld();
    assert.equal(await world.resolve('m.example', new Error('EAI_AGAIN')), 'unknown-name');
    assert.equal(await world.resolve('m.example'), 'unknown-name');
    world.time = 6000;
    assert.deepEqual(await world.resolve('m.example', ['8.8.8.8']), ['8.8.8.8']);
  });

  test('runs two look-ups at a time and loses none', async () => {
    const world = createWorld();
    const all = Promise.all(
      Array.from({ length: 7 }, async (_, index) => world.resolve(`m${index}.example`)),
    );
    let answered = 0;
    while (answered < 7) {
      assert.ok(world.pending.length > 0 && world.pending.length <= 2);
      world.pending.shift()?.reply([`8.8.8.${answered}`]);
      answered += 1;
    }
    assert.equal(new Set((await all).flat()).size, 7);
  });

  test('what nobody waits for any more is not looked up, and is once somebody asks again', async () => {
    const world = createWorld();
    const hanging = [world.resolve('a.example'), world.resolve('b.example')];
    const gone = new AbortController();
    const both = new AbortController();
    const results = [
      world.resolver.resolve('c.example', false, gone.signal),
      world.resolver.resolve('d.example', false, both.signal),
      world.resolver.resolve('d.example', false, new AbortController().signal),
      world.resolver.resolve('e.example', false, gone.signal),
    ];
    gone.abort();
    both.abort();
    assert.deepEqual(
      world.pending.map(({ host }) => host),
      ['a.example', 'b.example'],
    );
    world.pending.shift()?.reply(['8.8.8.8']);
    world.pending.shift()?.reply(['8.8.8.8']);
    await Promise.all(hanging);
    assert.deepEqual(
      world.pending.map(({ host }) => host),
      ['d.example'],
    );
    world.pending.shift()?.reply(['9.9.9.9']);
    const outcomes = await Promise.all(results);
    assert.deepEqual(
      outcomes.map(({ ok }) => ok),
      [false, true, true, false],
    );
    assert.deepEqual(await world.resolve('c.example', ['8.8.4.4']), ['8.8.4.4']);
  });

  test('a name that takes long to fail is asked for more and more rarely', async () => {
    const world = createWorld();
    const asked: number[] = [];
    for (world.time = 0; world.time < 600_000; world.time += 1000) {
      const result = world.resolver.resolve('slow.example', false);
      const question = world.pending.shift();
      if (question !== undefined) {
        asked.push(world.time);
        world.time += 10_000;
        question.reply(new Error('EAI_AGAIN'));
      }
      await result;
    }
    assert.ok(asked.length > 4 && asked.length < 10, `asked at ${asked.join(', ')}`);
  });
});
