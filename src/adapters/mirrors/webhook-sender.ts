import type { Netblock } from '../../net/address.ts';
import type { WebhookOutcome, WebhookSender } from '../../ports/webhook-sender.ts';
import { trustAuthorities } from '../http-client/authorities.ts';
import type { ChooseProxy } from '../http-client/choose-proxy.ts';
import { readHttpUrl } from '../http-client/http-url.ts';
import type { NetworkError } from '../http-client/network-error.ts';
import { createTransport } from '../http-client/transport.ts';
import {
  createMirrorAddressResolver,
  type MirrorAddressResolver,
} from '../http-client/mirror-address-resolver.ts';

export interface WebhookSenderOptions {
  /** The registry's host name, for the User-Agent. */
  readonly registry: string;
  readonly version: string;
  /** Addresses that may be connected to although they are not public. */
  readonly allowAddresses: readonly Netblock[];
  /** PEM files with further certificate authorities. */
  readonly certificateAuthorities: readonly string[];
  readonly resolver?: MirrorAddressResolver;
  /** Without it receivers are connected to directly. */
  readonly chooseProxy?: ChooseProxy;
}

/** Each of the two stages, in milliseconds. */
const timeout = 10_000;

/** @throws SignpostError CONFIG_INVALID when a certificate authority cannot be read */
export function createWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const resolver =
    options.resolver ?? createMirrorAddressResolver(options.allowAddresses, 'webhooks.allowAddresses');
  const transport = createTransport({
    userAgent: `signpost/${options.version} (webhook; +${options.registry})`,
    timeout,
    kept: 0,
    chooseProxy: options.chooseProxy,
    resolver,
    trust: trustAuthorities(options.certificateAuthorities, 'mirrors.certificateAuthorities', {
      alsoSystem: false,
    }),
  });
  return {
    async send({ url: text, headers, body }, signal) {
      const url = readHttpUrl(text);
      if (url === undefined) return failed('it is no http or https URL without credentials', false);
      try {
        const { status, message } = await transport.send(url, {
          method: 'POST',
          headers,
          body: { type: 'application/json', bytes: Buffer.from(body) },
          pin: { orByProxy: true },
          signal,
        });
        message.destroy();
        return judge(status);
      } catch (error) {
        const { unresolved } = error as Partial<NetworkError>;
        if (unresolved !== undefined) return failed(unresolved.detail, unresolved.reason !== 'not-allowed');
        return failed(`it cannot be reached (${(error as Error).message})`, true);
      }
    },
  };
}

/** These say that it is not the time, or that the server failed: not that the request was wrong. */
const passing: ReadonlySet<number> = new Set([408, 425, 429]);

function judge(statusCode: number): WebhookOutcome {
  if (statusCode >= 200 && statusCode < 300) return { ok: true };
  if (statusCode >= 300 && statusCode < 400) {
    return failed(`it answered ${statusCode}: redirects are not followed`, false);
  }
  return failed(`it answered ${statusCode}`, statusCode >= 500 || passing.has(statusCode));
}

function failed(reason: string, again: boolean): WebhookOutcome {
  return { ok: false, reason, again };
}
