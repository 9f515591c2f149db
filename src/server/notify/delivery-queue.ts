import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { WebhookOutbox } from '../../ports/webhook-outbox.ts';
import type { WebhookSender } from '../../ports/webhook-sender.ts';
import { signatureHeaders } from './webhook-signature.ts';

/** One message for one receiver. */
interface Delivery {
  /** The same for each try, so that a receiver can tell a repetition. */
  readonly id: string;
  readonly url: string;
  readonly secret: string;
  /** JSON. */
  readonly body: string;
}

export interface DeliveryQueue {
  /** Takes a message on. When too many wait, the oldest is given up. */
  add(delivery: Delivery): void;
  /** What waits stays written down for the next start. Nothing runs any more when it has resolved. */
  stop(): Promise<void>;
}

export interface DeliveryQueueDeps {
  readonly sender: WebhookSender;
  /** Where messages are written down until they are delivered or given up. */
  readonly outbox: Pick<WebhookOutbox, 'remove'>;
  readonly clock: Clock;
  readonly log: Log;
  /** How long to wait after each failure, in milliseconds; as many tries are made, and one more. */
  readonly pauses?: readonly number[];
  /** How many messages may wait. */
  readonly limit?: number;
}

interface Waiting {
  readonly delivery: Delivery;
  readonly tries: number;
  readonly timer: NodeJS.Timeout | undefined;
}

const minute = 60_000;
const defaultPauses = [5000, 30_000, 2 * minute, 10 * minute, 30 * minute, 60 * minute];
const concurrency = 4;

/** Sends messages one after the other, a few at a time, and again later what failed. */
export function createDeliveryQueue(deps: DeliveryQueueDeps): DeliveryQueue {
  const { sender, outbox, clock, log, pauses = defaultPauses, limit = 1000 } = deps;
  /** In the order in which they came or are to be tried again. */
  const waiting = new Map<string, Waiting>();
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();

  function put(delivery: Delivery, tries: number, pause: number): void {
    if (waiting.size >= limit) {
      const [oldest] = waiting.values();
      if (oldest !== undefined) drop(oldest);
    }
    const timer = pause === 0 ? undefined : setTimeout(() => ready(delivery, tries), pause).unref();
    waiting.set(delivery.id, { delivery, tries, timer });
  }

  function ready(delivery: Delivery, tries: number): void {
    waiting.set(delivery.id, { delivery, tries, timer: undefined });
    work();
  }

  function work(): void {
    for (const next of waiting.values()) {
      if (running.size >= concurrency || stopping.signal.aborted) return;
      if (next.timer !== undefined) continue;
      waiting.delete(next.delivery.id);
      track(send(next));
    }
  }

  function track(one: Promise<void>): void {
    const tracked = one.finally(() => {
      running.delete(tracked);
      work();
    });
    running.add(tracked);
  }

  async function send({ delivery, tries }: Waiting): Promise<void> {
    const { id, url, secret, body } = delivery;
    const headers = { 'signpost-delivery': id, ...signatureHeaders(secret, body, clock.now()) };
    const outcome = await sender.send({ url, headers, body }, stopping.signal);
    if (outcome.ok) return forget(id);
    if (stopping.signal.aborted) return;
    const pause = pauses[tries];
    if (outcome.again && pause !== undefined) {
      log.info('webhook failed: it is tried again', { host: hostOf(url), reason: outcome.reason, pause });
      put(delivery, tries + 1, pause);
    } else {
      log.warn('webhook given up', { host: hostOf(url), reason: outcome.reason });
      await forget(id);
    }
  }

  function drop({ delivery: { id, url }, timer }: Waiting): void {
    clearTimeout(timer);
    waiting.delete(id);
    log.warn('webhook given up', { host: hostOf(url), reason: 'too many messages wait' });
    track(forget(id));
  }

  async function forget(id: string): Promise<void> {
    try {
      await outbox.remove(id);
    } catch (error) {
      log.error('a webhook that is done stays written down: it is sent again after a restart', { error });
    }
  }

  return {
    add(delivery) {
      put(delivery, 0, 0);
      work();
    },
    async stop() {
      stopping.abort();
      for (const { timer } of waiting.values()) clearTimeout(timer);
      await Promise.allSettled(running);
    },
  };
}

/** The path of a webhook may be a secret. */
function hostOf(url: string): string {
  return URL.parse(url)?.host ?? '';
}
