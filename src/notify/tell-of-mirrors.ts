import type { Mirror, MirrorId } from '../mirrors/mirror.ts';
import type { MirrorState } from '../mirrors/mirror-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import { MirrorNews, type News, type NewsSettings } from './mirror-news.ts';
import { secretOfMirror } from './webhook-signature.ts';

export interface MirrorTellerDeps {
  readonly queue: Pick<DeliveryQueue, 'add'>;
  readonly clock: Clock;
  readonly settings: NewsSettings;
  /** The registry's host name. */
  readonly registry: string;
  /** The operator's own. */
  readonly hooks: readonly { readonly url: string; readonly secret: string }[];
  /** Of which each mirror's is made; without it mirrors' own webhooks are not called. */
  readonly contactSecret: string | undefined;
  readonly mirrors: () => readonly Mirror[];
  readonly states: () => ReadonlyMap<MirrorId, MirrorState>;
  /** Whether each mirror was healthy when the server ended last. */
  readonly before: ReadonlyMap<MirrorId, Pick<MirrorState, 'healthy'>>;
  /** A fresh name for a message. */
  readonly randomId: () => string;
}

const lookInterval = 1000;

/** Tells the operator, and each mirror's own contact, when a mirror goes out or comes back. */
export function tellOfMirrors(deps: MirrorTellerDeps): { look(): void; stop(): void } {
  const news = new MirrorNews(deps.settings, deps.before);
  const look = () => {
    const found = news.look(deps.states(), deps.clock.now());
    if (found.length === 0) return;
    const mirrors = new Map(deps.mirrors().map((mirror) => [mirror.id, mirror]));
    for (const item of found) {
      const mirror = mirrors.get(item.id);
      if (mirror !== undefined) tell(deps, mirror, item);
    }
  };
  const timer = setInterval(look, lookInterval).unref();
  return { look, stop: () => clearInterval(timer) };
}

function tell(deps: MirrorTellerDeps, mirror: Mirror, { state }: News): void {
  const { contactSecret } = deps;
  const body = JSON.stringify({
    event: state.healthy ? 'mirror.in' : 'mirror.out',
    at: new Date(deps.clock.now()).toISOString(),
    registry: deps.registry,
    mirror: { name: mirror.name, urls: mirror.urls, country: mirror.country },
    since: new Date(state.since).toISOString(),
    ...(state.reason === undefined ? {} : { reason: state.reason }),
    serial: state.serial,
  });
  const own =
    mirror.webhook === undefined || contactSecret === undefined
      ? []
      : [{ url: mirror.webhook, secret: secretOfMirror(contactSecret, mirror.id) }];
  for (const { url, secret } of [...deps.hooks, ...own]) {
    deps.queue.add({ id: deps.randomId(), url, secret, body });
  }
}
