import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseIpAddress } from '../../net/address.ts';
import { createStreamSlots } from './stream-slots.ts';

suite('the slots for streams', () => {
  const take = (slots: ReturnType<typeof createStreamSlots>, text: string) =>
    slots.take(parseIpAddress(text));

  test('one network gets a quarter, whichever of its addresses ask', () => {
    const slots = createStreamSlots(32);
    for (let host = 0; host < 8; host += 1) assert.ok(take(slots, `192.0.2.${host}`));
    assert.equal(take(slots, '192.0.2.200'), undefined);
    assert.ok(take(slots, '192.0.3.1'));
    for (let host = 0; host < 8; host += 1) assert.ok(take(slots, `2001:db8:1:${host}::1`));
    assert.equal(take(slots, '2001:db8:1:ffff::1'), undefined);
    assert.ok(take(slots, '2001:db8:2::1'));
  });

  test('a network gets four where a quarter is less, and never more than there are', () => {
    const few = createStreamSlots(6);
    for (let host = 0; host < 4; host += 1) assert.ok(take(few, '192.0.2.1'));
    assert.equal(take(few, '192.0.2.1'), undefined);
    assert.ok(take(few, '192.0.3.1'));
    assert.ok(take(few, '192.0.4.1'));
    assert.equal(take(few, '192.0.5.1'), undefined);
    const one = createStreamSlots(1);
    assert.ok(take(one, '192.0.2.1'));
    assert.equal(take(one, '192.0.2.1'), undefined);
  });

  test('a slot that is given back can be taken again', () => {
    const slots = createStreamSlots(4);
    for (let round = 0; round < 20; round += 1) {
      const held = [1, 2, 3, 4].map(() => take(slots, '192.0.2.1'));
      assert.equal(take(slots, '192.0.2.1'), undefined);
      for (const slot of held) slot?.[Symbol.dispose]();
    }
  });
});
