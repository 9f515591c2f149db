import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { MirrorAddressResolver } from '../mirror-address-resolver.ts';
import { describeTlsProblem, isUnknownAuthority } from '../tls-problems.ts';
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
  /** Made when the first https URL is asked for: reading the system's authorities takes a while. */
  readonly secureContext: () => SecureContext;
  readonly userAgent: string;
  /** Connections to one host. */
  readonly parallel: number;
  readonly timeout: number;
}

const headerLimit = 16 * 1024;

/**
 * Connections that are kept. A host that a source redirects to is looked up once, and the address that was allowed is
 * the one connected to: between check and use there is no second look-up.
 */
export function createSyncConnections(options: SyncConnectionOptions): SyncConnections {
  const { named, resolver, secureContext, userAgent, parallel, timeout } = options;
  let context: SecureContext | undefined;
  const secure = () => ({ agent: agents.https, secureContext: (context ??= secureContext()) });
  const agents = createBulkAgents(parallel);

  /** Where a host that nobody has named may be connected to, or why nowhere. */
  const resolve = async (host: string): Promise<LookupFunction | string> => {
    const resolved = await resolver.resolve(host.replace(/^\[|\]$/g, ''), false);
    return resolved.ok ? lookupFrom(resolved.addresses) : resolved.detail;
  };

  return {
    timeout,
    async get(url, headers, signal) {
      const lookup = named.has(url.host) ? undefined : await resolve(url.hostname);
      if (typeof lookup === 'string') return { detail: lookup };
      if (signal.aborted) return { detail: 'stopped' };
      const common = {
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? null : url.port,
        path: url.pathname + url.search,
        maxHeaderSize: headerLimit,
        headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers },
        ...(lookup === undefined ? {} : { lookup }),
      };
      const request =
        url.protocol === 'https:'
          ? requestHttps({ ...common, ...secure() })
          : requestHttp({ ...common, agent: agents.http });
      return new Promise((done) => {
        const stop = () => request.destroy(new Error('stopped'));
        const timer = setTimeout(() => request.destroy(new Error('no answer in time')), timeout);
        signal.addEventListener('abort', stop);
        request.on('close', () => signal.removeEventListener('abort', stop));
        request.on('error', (error: NodeJS.ErrnoException) => {
          clearTimeout(timer);
          done({ detail: describeError(error) });
        });
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
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function describeError({ code, message }: NodeJS.ErrnoException): string {
  const problem = code === undefined ? undefined : describeTlsProblem(code);
  if (code === undefined || problem === undefined) return code ?? message;
  return `${problem} (${code})${isUnknownAuthority(code) ? ': --ca names further authorities' : ''}`;
}

function lookupFrom(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, { all }, callback) => {
    const [first] = addresses;
    if (all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
}
