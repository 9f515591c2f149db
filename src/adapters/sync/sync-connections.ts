import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { TrustAnchors } from '../http-client/authorities.ts';
import { hostOf } from '../http-client/http-url.ts';
import type { MirrorAddressResolver } from '../http-client/mirror-address-resolver.ts';
import { describeTlsProblem, isUnknownAuthority } from '../http-client/tls-problems.ts';
import { type ChooseProxy, noProxies } from '../http-client/choose-proxy.ts';
import { lookupFrom } from '../http-client/lookup-from.ts';
import { createBulkAgents } from './bulk-agents.ts';

export interface SyncConnections extends Disposable {
  /** Milliseconds to connect and answer, and to send on. */
  readonly timeout: number;
  get(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ readonly response: IncomingMessage } | { readonly detail: string }>;
}

export interface SyncConnectionOptions {
  /** Hosts (with port) that whoever runs this has named: wherever they are, they may be connected to. */
  readonly named: ReadonlySet<string>;
  /** Says where others, to which these redirect, may be. */
  readonly resolver: MirrorAddressResolver;
  readonly trust: TrustAnchors;
  readonly userAgent: string;
  /** Connections to one host. */
  readonly parallel: number;
  readonly timeout: number;
  readonly chooseProxy?: ChooseProxy;
}

const headerLimit = 16 * 1024;

/**
 * Connections that are kept. A host that a source redirects to is looked up once, and the address that was allowed is
 * the one connected to: between check and use there is no second look-up.
 */
export function createSyncConnections(options: SyncConnectionOptions): SyncConnections {
  const { named, resolver, trust, userAgent, parallel, timeout } = options;
  const chooseProxy = options.chooseProxy ?? noProxies;
  const agents = createBulkAgents(parallel, chooseProxy, timeout);

  /** Where a host that nobody has named may be connected to, or why nowhere. A name may be known to a proxy alone. */
  const resolve = async (url: URL, signal: AbortSignal): Promise<LookupFunction | string | undefined> => {
    const resolved = await resolver.resolve(hostOf(url), false, signal);
    if (resolved.ok) return lookupFrom(resolved.addresses);
    if (resolved.reason === 'unknown-name' && chooseProxy(url) !== undefined) return undefined;
    return resolved.detail;
  };

  return {
    timeout,
    async get(url, headers, signal) {
      const lookup = named.has(url.host) ? undefined : await resolve(url, signal);
      if (typeof lookup === 'string') return { detail: lookup };
      if (signal.aborted) return { detail: 'stopped' };
      const secure = url.protocol === 'https:' ? { secureContext: trust.context() } : undefined;
      const common = {
        host: hostOf(url),
        port: url.port === '' ? null : url.port,
        path: url.pathname + url.search,
        agent: agents.for(url),
        maxHeaderSize: headerLimit,
        headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers },
        ...(lookup === undefined ? {} : { lookup }),
      };
      const request = secure === undefined ? requestHttp(common) : requestHttps({ ...common, ...secure });
      return new Promise((done) => {
        // A request that waits for its connection says nothing when it is destroyed.
        const fail = (error: NodeJS.ErrnoException) => {
          clearTimeout(timer);
          request.destroy(error);
          done({ detail: describeError(error) });
        };
        const stop = () => fail(new Error('stopped'));
        const timer = setTimeout(() => fail(new Error('no answer in time')), timeout);
        signal.addEventListener('abort', stop);
        request.on('close', () => signal.removeEventListener('abort', stop));
        request.on('error', fail);
        request.on('response', (response) => {
          clearTimeout(timer);
          // An error after this belongs to whoever reads the body.
          response.on('error', () => undefined);
          done({ response });
        });
        request.end();
      });
    },
    [Symbol.dispose]() {
      agents.destroy();
    },
  };
}

function describeError({ code, message }: NodeJS.ErrnoException): string {
  const problem = code === undefined ? undefined : describeTlsProblem(code);
  if (code === undefined || problem === undefined) return code ?? message;
  return `${problem} (${code})${isUnknownAuthority(code) ? ': --ca names further authorities' : ''}`;
}
