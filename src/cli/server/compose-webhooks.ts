import { randomUUID } from 'node:crypto';
import { noProxies } from '../../adapters/http-client/choose-proxy.ts';
import { createWebhookSender } from '../../adapters/mirrors/webhook-sender.ts';
import type { MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import { parseWebhookUrl } from '../../mirrors/parse-mirror-url.ts';
import { createDeliveryQueue } from '../../server/notify/delivery-queue.ts';
import { type MirrorTellerDeps, tellOfMirrors } from '../../server/notify/tell-of-mirrors.ts';
import { secretOfMirror } from '../../server/notify/webhook-signature.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { WebhookOutbox } from '../../ports/webhook-outbox.ts';
import type { Config } from '../config/config-schema.ts';
import { readNetblocks } from '../config/netblock-settings.ts';
import type { ProxyOption } from '../terminal/proxy-option.ts';
import { version } from '../terminal/version.ts';
import { composeProxies, proxyForStrangers } from '../config/proxies.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';
import { readWebhookSecret } from '../keys/webhook-secret.ts';

interface WebhookParts extends Pick<MirrorTellerDeps, 'mirrors' | 'states'> {
  readonly outbox: WebhookOutbox;
  /** How mirrors were when the server ended last: for those of which nothing was ever written down. */
  readonly before: ReadonlyMap<MirrorId, Pick<MirrorState, 'healthy'>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Telling people of mirrors, under way. */
export interface RunningWebhooks {
  /** The secret of one mirror's own webhook; undefined when those are not called. */
  readonly secretOf: ((mirror: number) => string) | undefined;
  /** Begins to look at the mirrors. */
  start(parts: WebhookParts): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Reads all that the webhooks need.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND
 */
export async function composeWebhooks(config: Config, options: ProxyOption): Promise<RunningWebhooks> {
  const { webhooks, mirrors } = config;
  const allowAddresses = readNetblocks('webhooks.allowAddresses', webhooks.allowAddresses);
  const hooks = await waitForAll(
    webhooks.hooks.map(async ({ url, secretFile }, at) => ({
      url: readUrl(() => parseWebhookUrl(url, { webhooks: allowAddresses }), `webhooks.hooks.${at}.url`),
      secret: await readWebhookSecret(secretFile),
    })),
  );
  const { masterSecretFile } = webhooks;
  const contactSecret =
    masterSecretFile === undefined ? undefined : await readWebhookSecret(masterSecretFile);
  const ownProxy = composeProxies(options);
  const strangersProxy = proxyForStrangers(mirrors) ?? noProxies;
  const sender = createWebhookSender({
    registry: config.registry.name,
    version,
    allowAddresses,
    certificateAuthorities: mirrors.certificateAuthorities,
    chooseProxy: (url) => (hooks.some((hook) => hook.url === url.href) ? ownProxy(url) : strangersProxy(url)),
  });
  const ends: (() => Promise<void> | void)[] = [];
  return {
    secretOf: contactSecret === undefined ? undefined : (mirror) => secretOfMirror(contactSecret, mirror),
    async start({ before, ...parts }) {
      if (hooks.length === 0 && contactSecret === undefined) return;
      const { told, waiting } = await parts.outbox.load();
      const found = [...before].map(([id, { healthy }]) => [id, { healthy, at: 0 }] as const);
      const queue = createDeliveryQueue({ ...parts, sender });
      const teller = tellOfMirrors({
        ...parts,
        told: new Map([...found, ...told]),
        queue,
        settings: webhooks,
        registry: config.registry.name,
        hooks,
        contactSecret,
        randomId: randomUUID,
      });
      ends.push(
        () => teller.stop(),
        () => queue.stop(),
      );
      await teller.send(waiting);
    },
    async stop() {
      for (const end of ends) await end();
    },
  };
}

function readUrl(read: () => string, path: string): string {
  try {
    return read();
  } catch (cause) {
    throw new SignpostError('CONFIG_INVALID', `${path}: ${(cause as Error).message}`, { cause });
  }
}
