import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { type ChooseProxy, noProxies } from './choose-proxy.ts';
import { type WantedAddresses, findAddresses } from './find-addresses.ts';
import type { TrustAnchors } from './authorities.ts';
import { bulkReading } from './bulk-reading.ts';
import { lookupFrom } from './lookup-from.ts';
import type { MirrorAddressResolver } from './mirror-address-resolver.ts';
import { NetworkError } from './network-error.ts';
import { createAgents } from './proxy-agents.ts';
import { sendRequest } from './send-request.ts';

/** An answer whose headers are there and whose body is still to be read. */
export interface Answer {
  readonly status: number;
  readonly url: URL;
  readonly message: IncomingMessage;
}

/** Connects to addresses that the resolver allows, and to none that anybody finds out later. */
interface Pin extends WantedAddresses {
  /** A name that is not known here may be known to the proxy, which then looks it up. */
  readonly orByProxy?: boolean;
}

interface TransportRequest {
  /** Without it the request is a GET. */
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { readonly type: string; readonly bytes: Buffer };
  /** For a host that a stranger has named; without it the system says where the host is, or the proxy. */
  readonly pin?: Pin | undefined;
  readonly signal: AbortSignal;
}

/** One request, one answer: no redirects, no credentials, no second try. */
export interface Transport {
  /** @throws NetworkError UNAVAILABLE, CANCELLED */
  send(url: URL, request: TransportRequest): Promise<Answer>;
  close(): void;
}

export interface TransportOptions {
  readonly userAgent: string;
  /** Milliseconds for a look-up, and from then on to the end of the answer's headers; without it only signals end these. */
  readonly timeout?: number;
  readonly chooseProxy?: ChooseProxy | undefined;
  /** Without it nothing is sent over TLS. */
  readonly trust?: TrustAnchors | undefined;
  /** Says where pinned requests may go. */
  readonly resolver?: MirrorAddressResolver;
  /** Takes any certificate. */
  readonly insecure?: boolean;
  /** Connections that are kept, to one host; 0 ends each with its answer. */
  readonly kept: number;
  /** Connections bring much: they read in large pieces. */
  readonly bulk?: boolean;
}

const headerLimit = 32 * 1024;
/** Long enough for the far side of the world; a dead address then still leaves time for the next one. Milliseconds. */
const attemptTimeout = 500;

export function createTransport(options: TransportOptions): Transport {
  const { userAgent, timeout, kept, trust, resolver } = options;
  const chooseProxy = options.chooseProxy ?? noProxies;
  const agents = createAgents(
    {
      keepAlive: kept > 0,
      // Whoever ends each connection wants to see each time what a new one shows, and so its certificate.
      ...(kept > 0 ? { maxSockets: kept, maxFreeSockets: kept } : { maxCachedSessions: 0 }),
      ...(options.bulk === true ? bulkReading() : {}),
      rejectUnauthorized: options.insecure !== true,
      autoSelectFamilyAttemptTimeout: attemptTimeout,
    },
    chooseProxy,
    timeout,
  );

  /** Undefined leaves the look-up to the proxy. */
  const findPinned = async (url: URL, pin: Pin, signal: AbortSignal): Promise<LookupFunction | undefined> => {
    if (resolver === undefined) throw new TypeError('nobody says where a pinned request may go');
    const limit = timeout === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
    const found = await findAddresses(resolver, url, pin, limit);
    if (found.ok) return lookupFrom(found.addresses);
    const isUnknown = found.reason === 'unknown-name' || found.reason === 'late';
    if (isUnknown && pin.orByProxy === true && chooseProxy(url) !== undefined) return undefined;
    const failure = { stage: 'lookup', problem: found.detail, unresolved: found } as const;
    throw new NetworkError(signal.aborted ? 'CANCELLED' : 'UNAVAILABLE', found.detail, failure);
  };

  return {
    async send(url, { method = 'GET', headers, body, pin, signal }) {
      const lookup = pin === undefined ? undefined : await findPinned(url, pin, signal);
      const settings = {
        agent: agents.for(url),
        maxHeaderSize: headerLimit,
        method,
        headers: {
          // A body that is compressed on the way has another length and other ranges than what was asked for.
          'Accept-Encoding': 'identity',
          'User-Agent': userAgent,
          ...(body === undefined ? {} : { 'Content-Type': body.type, 'Content-Length': body.bytes.length }),
          ...headers,
        },
        ...(lookup === undefined ? {} : { lookup }),
        ...(url.protocol === 'https:' ? { secureContext: trust?.context() } : {}),
      };
      const message = await sendRequest(url, settings, {
        body: body?.bytes,
        timeout,
        signal,
        setting: trust?.setting,
      });
      return { status: message.statusCode ?? 0, url, message };
    },
    close: () => agents.destroy(),
  };
}
