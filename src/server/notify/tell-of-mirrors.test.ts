import assert from 'node:assert/strict';
import { type TestContext, mock, test } from 'node:test';
import { createMemoryWebhookOutbox } from '../../../test/fakes/memory-webhook-outbox.ts';
import { numberedMirror } from '../../../test/fakes/mirrors.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { WebhookOutcome, WebhookRequest } from '../../ports/webhook-sender.ts';
import { createDeliveryQueue } from './delivery-queue.ts';
import { tellOfMirrors } from './tell-of-mirrors.ts';

const start = 1_700_000_000_000;
const down: WebhookOutcome = { ok: false, reason: 'it answered 503', again: true };
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
type Teller = ReturnType<typeof tellOfMirrors>;

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Servers that run one after the other over one outbox: each ends without a farewell. */
function createWorld(context: TestContext) {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  context.after(() => mock.timers.reset());
  const outbox = createMemoryWebhookOutbox();
  const uni = numberedMirror(1, { webhook: 'https://uni.example/hook' });
  const world = {
    outbox,
    uni,
    now: start,
    state: { healthy: true, since: start - 1000, serial: 1 } as MirrorState,
    answer: { ok: true } as WebhookOutcome,
    sent: [] as WebhookRequest[],
    hooks: [{ url: 'https://chat.example/hook', secret: 'a secret of the operator' }],
    async startServer(): Promise<Teller> {
      const clock = { now: () => world.now };
      const sender = {
        async send(request: WebhookRequest) {
          world.sent.push(request);
          return world.answer;
        },
      };
      const { told, waiting } = await outbox.load();
      const teller = tellOfMirrors({
        queue: createDeliveryQueue({ sender, outbox, clock, log: silent }),
        outbox,
        clock,
        log: silent,
        settings: { settle: 30, quiet: 600 },
        registry: 'images.example.org',
        hooks: world.hooks,
        contactSecret: 'a secret of which others are made',
        mirrors: () => [uni],
        states: () => new Map([[uni.id, world.state]]),
        told,
        randomId: () => crypto.randomUUID(),
      });
      await teller.send(waiting);
      await settle();
      return teller;
    },
    async look(teller: Teller) {
      await teller.look();
      await settle();
    },
  };
  return world;
}

const idsOf = (sent: readonly WebhookRequest[]) =>
  sent.map(({ headers }) => headers['signpost-delivery'] ?? '').toSorted();

test('the operator and the mirror itself are told, and nothing waits afterwards', async (context) => {
  const world = createWorld(context);
  const teller = await world.startServer();
  await world.look(teller);
  world.state = { healthy: false, reason: 'timeout', since: start, serial: 1 };
  world.now += 30;
  await world.look(teller);
  assert.deepEqual(
    world.sent.map(({ url }) => url),
    ['https://chat.example/hook', 'https://uni.example/hook'],
  );
  const body = JSON.parse(world.sent[0]?.body ?? '') as Record<string, unknown>;
  assert.deepEqual([body.event, body.reason], ['mirror.out', 'timeout']);
  assert.deepEqual((await world.outbox.load()).waiting, []);
});

test('what was not delivered when the server was killed is delivered by the next, as the same message', async (context) => {
  const world = createWorld(context);
  const first = await world.startServer();
  await world.look(first);
  world.state = { healthy: false, since: start, serial: 1 };
  world.now += 30;
  world.answer = down;
  await world.look(first);
  const tried = world.sent.splice(0);
  assert.equal(tried.length, 2);
  world.answer = { ok: true };
  const next = await world.startServer();
  assert.deepEqual(idsOf(world.sent), idsOf(tried));
  assert.deepEqual(
    world.sent.map(({ body }) => body),
    tried.map(({ body }) => body),
  );
  await world.look(next);
  await world.startServer();
  assert.equal(world.sent.length, 2, 'and nothing twice that was delivered');
});

test('a mirror that went out while no server ran, or just before one was killed, is told of', async (context) => {
  const world = createWorld(context);
  await world.look(await world.startServer());
  world.state = { healthy: false, since: start, serial: 1 };
  world.now += 10;
  await world.look(await world.startServer());
  assert.equal(world.sent.length, 0);
  world.now += 20;
  await world.look(await world.startServer());
  assert.equal(world.sent.length, 2);
});

test('a message for a receiver that is no longer there is forgotten', async (context) => {
  const world = createWorld(context);
  const first = await world.startServer();
  await world.look(first);
  world.state = { healthy: false, since: start, serial: 1 };
  world.now += 30;
  world.answer = down;
  await world.look(first);
  world.sent.length = 0;
  world.hooks = [{ url: 'https://other.example/hook', secret: 'another secret' }];
  await world.startServer();
  assert.deepEqual(
    world.sent.map(({ url }) => url),
    ['https://uni.example/hook'],
  );
  assert.equal((await world.outbox.load()).waiting.length, 1);
});

test('the list of mirrors is read once a look and once a sending, however many have gone out', async (context) => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  context.after(() => mock.timers.reset());
  const mirrors = Array.from({ length: 100 }, (_, at) =>
    numberedMirror(at + 1, { webhook: 'https://uni.example/hook' }),
  );
  let reads = 0;
  let queued = 0;
  let healthy = true;
  let now = start;
  const teller = tellOfMirrors({
    queue: { add: () => void (queued += 1) },
    outbox: createMemoryWebhookOutbox(),
    clock: { now: () => now },
    log: silent,
    settings: { settle: 30, quiet: 600 },
    registry: 'images.example.org',
    hooks: [],
    contactSecret: 'a secret of which others are made',
    mirrors: () => {
      reads += 1;
      return mirrors;
    },
    states: () => new Map(mirrors.map(({ id }) => [id, { healthy, since: now - 30, serial: 1 }])),
    told: new Map(),
    randomId: () => crypto.randomUUID(),
  });
  await teller.look();
  healthy = false;
  now += 1000;
  reads = 0;
  await teller.look();
  await teller.stop();
  assert.deepEqual([queued, reads], [mirrors.length, 2]);
});
