import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MirrorId } from '../../src/mirrors/mirror.ts';
import type { WebhookOutbox } from '../../src/ports/webhook-outbox.ts';

/** What every WebhookOutbox must do. `open` makes an empty one over a registry with two mirrors. */
export function webhookOutboxContract(
  name: string,
  open: () => Promise<{
    readonly outbox: WebhookOutbox;
    readonly mirrors: readonly [MirrorId, MirrorId];
    /** Removes the first mirror from the registry. */
    readonly removeFirst: () => Promise<void>;
    readonly end: () => Promise<void>;
  }>,
): void {
  type Opened = Awaited<ReturnType<typeof open>>;
  const using = (work: (opened: Opened) => Promise<void>) => async () => {
    const opened = await open();
    try {
      await work(opened);
    } finally {
      await opened.end();
    }
  };
  const message = (id: string, mirror: MirrorId) => ({
    id,
    mirror,
    receiver: 'contact',
    body: '{"a":"\u00fc"}',
  });
  const idsIn = async (outbox: WebhookOutbox) => (await outbox.load()).waiting.map(({ id }) => id);

  describe(`webhook outbox: ${name}`, () => {
    it(
      'gives back what was told last, and what waits, in its order',
      using(async ({ outbox, mirrors: [one, other] }) => {
        assert.deepEqual(await outbox.load(), { told: new Map(), waiting: [] });
        const baseline = { healthy: true, at: 0 };
        await outbox.put(
          new Map([
            [one, baseline],
            [other, baseline],
          ]),
          [],
        );
        const out = { healthy: false, at: 1_700_000_000_000 };
        await outbox.put(new Map([[one, out]]), [message('z', one), message('a', one)]);
        await outbox.put(new Map([[other, out]]), [message('m', other)]);
        assert.deepEqual(await outbox.load(), {
          told: new Map([
            [one, out],
            [other, out],
          ]),
          waiting: [message('z', one), message('a', one), message('m', other)],
        });
      }),
    );
    it(
      'forgets what was delivered, once and for all',
      using(async ({ outbox, mirrors: [one] }) => {
        await outbox.put(new Map(), [message('a', one), message('b', one)]);
        await outbox.remove('a');
        await outbox.remove('a');
        await outbox.remove('never there');
        assert.deepEqual(await idsIn(outbox), ['b']);
      }),
    );
    it(
      'takes nothing of removed mirrors, and forgets theirs',
      using(async ({ outbox, mirrors: [one, other], removeFirst }) => {
        const out = { healthy: false, at: 5 };
        await outbox.put(new Map([[one, out]]), [message('a', one)]);
        await removeFirst();
        await outbox.put(
          new Map([
            [one, out],
            [other, out],
          ]),
          [message('b', one), message('c', other)],
        );
        assert.deepEqual([...(await outbox.load()).told.keys()], [other]);
        assert.deepEqual(await idsIn(outbox), ['c']);
      }),
    );
  });
}
