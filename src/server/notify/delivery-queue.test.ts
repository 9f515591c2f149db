import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mock, test } from 'node:test';
import type { WebhookOutcome, WebhookRequest } from '../../ports/webhook-sender.ts';
import { createDeliveryQueue } from './delivery-queue.ts';

const good: WebhookOutcome = { ok: true };
const down: WebhookOutcome = { ok: false, reason: 'it answered 503', again: true };
const gone: WebhookOutcome = { ok: false, reason: 'it answered 410', again: false };

function createQueue(
  answers: WebhookOutcome[],
  settings: { pauses?: readonly number[]; limit?: number } = {},
) {
  const sent: WebhookRequest[] = [];
  const events: string[] = [];
  const done: string[] = [];
  const note = (event: string) => events.push(event);
  const queue = createDeliveryQueue({
    sender: {
      async send(request) {
        sent.push(request);
        return answers.shift() ?? good;
      },
    },
    outbox: {
      async remove(id) {
        done.push(id);
      },
    },
    clock: { now: () => 1_700_000_000_999 },
    log: { debug: note, info: note, warn: note, error: note },
    ...settings,
  });
  return { queue, sent, events, done };
}

const delivery = (id: string) => ({
  id,
  url: 'https://a.example/secret',
  secret: 'key',
  body: `{"n":"${id}"}`,
});
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a message is signed with its time', async () => {
  const { queue, sent, done } = createQueue([]);
  queue.add(delivery('1'));
  await settle();
  const [{ headers, body } = { headers: {} as Record<string, string>, body: '' }] = sent;
  assert.equal(headers['signpost-timestamp'], '1700000000');
  const mac = createHmac('sha256', 'key').update(`1700000000.${body}`).digest('hex');
  assert.equal(headers['signpost-signature'], `sha256=${mac}`);
  assert.deepEqual(done, ['1']);
  await queue.stop();
});

test('what fails is tried again after each pause, and given up after the last', async (context) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  context.after(() => mock.timers.reset());
  const { queue, sent, events, done } = createQueue([down, down, down], { pauses: [10, 100] });
  queue.add(delivery('1'));
  await settle();
  assert.equal(sent.length, 1);
  mock.timers.tick(9);
  await settle();
  assert.equal(sent.length, 1);
  mock.timers.tick(1);
  await settle();
  assert.equal(sent.length, 2);
  mock.timers.tick(100);
  await settle();
  assert.equal(sent.length, 3);
  assert.deepEqual(done, ['1']);
  assert.equal(new Set(sent.map(({ headers }) => headers['signpost-delivery'])).size, 1);
  mock.timers.tick(1_000_000);
  await settle();
  assert.equal(sent.length, 3);
  assert.equal(events.at(-1), 'webhook given up');
  await queue.stop();
});

test('what another try cannot help is given up at once', async () => {
  const { queue, sent, events, done } = createQueue([gone]);
  queue.add(delivery('1'));
  await settle();
  assert.deepEqual([sent.length, events, done], [1, ['webhook given up'], ['1']]);
  await queue.stop();
});

test('only so many messages wait: the oldest is given up, and what waits at the end is not', async () => {
  const { queue, events, done } = createQueue([down, down, down], { pauses: [60_000], limit: 2 });
  for (const id of ['1', '2', '3']) {
    queue.add(delivery(id));
    await settle();
  }
  assert.equal(events.filter((event) => event === 'webhook given up').length, 1);
  await queue.stop();
  assert.equal(events.filter((event) => event === 'webhook given up').length, 1);
  assert.deepEqual(done, ['1']);
});
