import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates } from 'node:tls';
import { SignpostError } from '../../oci/errors.ts';
import type { Netblock } from '../../net/address.ts';
import type { WebhookOutcome, WebhookSender } from '../../ports/webhook-sender.ts';
import { type ChooseProxy, noProxies } from '../http-client/choose-proxy.ts';
import { lookupFrom } from '../http-client/lookup-from.ts';
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
  const secureContext = createSecureContext({
    ca: [...getCACertificates('default'), ...options.certificateAuthorities.map(readAuthority)],
  });
  const chooseProxy = options.chooseProxy ?? noProxies;
  const transport = createTransport({
    userAgent: `signpost/${options.version} (webhook; +${options.registry})`,
    timeout,
    kept: 0,
    authoritySetting: 'mirrors.certificateAuthorities',
    chooseProxy,
    secureContext,
  });
  return {
    async send({ url: text, headers, body }, signal) {
      const url = URL.parse(text);
      if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password !== '') {
        return failed('it is no http or https URL without credentials', false);
      }
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const resolved = await inTime((limit) => resolver.resolve(host, false, limit), signal);
      // What is not known here may be known to a proxy.
      const isElsewhere = chooseProxy(url) !== undefined;
      if (resolved === undefined && !isElsewhere) return failed('its name did not resolve in time', true);
      if (resolved?.ok === false && !(isElsewhere && resolved.reason === 'unknown-name')) {
        return failed(resolved.detail, resolved.reason === 'unknown-name');
      }
      // The very addresses that were just allowed: there is no second look-up.
      const lookup = resolved?.ok === true ? { lookup: lookupFrom(resolved.addresses) } : {};
      try {
        const { status, message } = await transport.send(url, {
          method: 'POST',
          headers,
          body: { type: 'application/json', bytes: Buffer.from(body) },
          ...lookup,
          signal,
        });
        message.destroy();
        return judge(status);
      } catch (error) {
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

async function inTime<T>(
  work: (limit: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const give = () => resolve(undefined);
  limit.addEventListener('abort', give, { once: true });
  try {
    return await Promise.race([work(limit), late]);
  } finally {
    limit.removeEventListener('abort', give);
  }
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `mirrors.certificateAuthorities: cannot read a certificate authority: ${(cause as Error).message}`,
      { cause },
    );
  }
}
