import { createHash } from 'node:crypto';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { ToldMirror, WebhookMessage, WebhookOutbox } from '../../ports/webhook-outbox.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import { MirrorNews, type News, type NewsSettings } from './mirror-news.ts';
import { secretOfMirror } from './webhook-signature.ts';
import { visible } from '../../text/visible.ts';
import { formatTime } from '../../text/format-time.ts';

export interface MirrorTellerDeps {
  readonly queue: Pick<DeliveryQueue, 'add'>;
  readonly outbox: Pick<WebhookOutbox, 'put' | 'remove'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: NewsSettings;
  /** The registry's host name. */
  readonly registry: string;
  /** The operator's own. */
  readonly hooks: readonly { readonly url: string; readonly secret: string }[];
  /** Of which each mirror's is made; without it mirrors' own webhooks are not called. */
  readonly contactSecret: string | undefined;
  readonly mirrors: () => readonly Mirror[];
  readonly states: () => ReadonlyMap<MirrorId, MirrorState>;
  /** What was told last before this start. */
  readonly told: ReadonlyMap<MirrorId, ToldMirror>;
  /** A fresh name for a message. */
  readonly randomId: () => string;
}

const lookInterval = 1000;
/** The mirror's own people. The operator's hooks are named by a hash of their address, which may hold a secret. */
const contact = 'contact';

/**
 * Tells the operator, and each mirror's own contact, when a mirror goes out or comes back. What is to be told is written
 * down before it is sent.
 */
export function tellOfMirrors(deps: MirrorTellerDeps) {
  const { outbox, log } = deps;
  const news = new MirrorNews(deps.settings, deps.told);
  let looking = Promise.resolve();

  async function look(): Promise<void> {
    const now = deps.clock.now();
    const found = news.look(deps.states(), now);
    if (found.told.size === 0) return;
    const mirrors = mirrorsById(deps);
    const messages = found.news.flatMap((item) => messagesOf(deps, mirrors.get(item.id), item, now));
    try {
      await outbox.put(found.told, messages);
    } catch (error) {
      log.error('what is to be told of mirrors is not written down: a restart loses it', { error });
    }
    await send(messages);
  }

  async function send(messages: readonly WebhookMessage[]): Promise<void> {
    const mirrors = mirrorsById(deps);
    for (const { id, mirror, receiver, body } of messages) {
      const found = findReceiver(deps, mirrors.get(mirror), receiver);
      if (found !== undefined) deps.queue.add({ id, ...found, body });
      // It was taken out of the configuration, or the mirror has no webhook any more.
      else
        await outbox
          .remove(id)
          .catch((error: unknown) => log.error('a webhook stays written down', { error }));
    }
  }

  const timer = setInterval(() => {
    looking = looking.then(look);
  }, lookInterval).unref();
  return {
    look,
    /** Takes on what waited when the server ended. */
    send,
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** All of them may have gone out at once: none is looked for among the others. */
function mirrorsById({ mirrors }: MirrorTellerDeps): ReadonlyMap<MirrorId, Mirror> {
  return new Map(mirrors().map((mirror) => [mirror.id, mirror]));
}

function messagesOf(
  deps: MirrorTellerDeps,
  mirror: Mirror | undefined,
  { id, state }: News,
  now: number,
): readonly WebhookMessage[] {
  if (mirror === undefined) return [];
  const message = JSON.stringify({
    event: state.healthy ? 'mirror.in' : 'mirror.out',
    at: formatTime(now),
    registry: deps.registry,
    mirror: { name: mirror.name, urls: mirror.urls, country: mirror.country },
    since: formatTime(state.since),
    reason: state.reason,
    serial: state.serial,
  });
  const body = visible(message);
  const own = findReceiver(deps, mirror, contact) === undefined ? [] : [contact];
  return [...deps.hooks.map(({ url }) => nameOf(url)), ...own].map((receiver) => ({
    id: deps.randomId(),
    mirror: id,
    receiver,
    body,
  }));
}

function findReceiver(
  { hooks, contactSecret }: MirrorTellerDeps,
  mirror: Mirror | undefined,
  receiver: string,
) {
  if (receiver !== contact) return hooks.find(({ url }) => nameOf(url) === receiver);
  if (mirror?.webhook === undefined || contactSecret === undefined) return undefined;
  return { url: mirror.webhook, secret: secretOfMirror(contactSecret, mirror.id) };
}

function nameOf(url: string): string {
  return `hook ${createHash('sha256').update(url).digest('hex').slice(0, 16)}`;
}
