import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { SignpostError } from '../../oci/errors.ts';
import type { TrustAnchors } from './authorities.ts';
import { type ChooseProxy, noProxies } from './choose-proxy.ts';
import { describeNetworkError } from './network-error.ts';
import { createAgents } from './proxy-agents.ts';

/** An answer whose headers are there and whose body is still to be read. */
export interface Answer {
  readonly status: number;
  readonly url: URL;
  readonly message: IncomingMessage;
}

interface TransportRequest {
  /** Without it the request is a GET. */
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { readonly type: string; readonly bytes: Buffer };
  /** Instead of asking the system where a host is; a proxy asks by itself. */
  readonly lookup?: LookupFunction;
  readonly signal: AbortSignal;
}

/** One request, one answer: no redirects, no credentials, no second try. */
export interface Transport {
  /** @throws SignpostError UNAVAILABLE, CANCELLED */
  send(url: URL, request: TransportRequest): Promise<Answer>;
  close(): void;
}

export interface TransportOptions {
  readonly userAgent: string;
  /** Milliseconds from the start of a request to the end of the answer's headers. */
  readonly timeout: number;
  readonly chooseProxy?: ChooseProxy | undefined;
  /** Without it nothing is sent over TLS. */
  readonly trust?: TrustAnchors | undefined;
  /** Takes any certificate. */
  readonly insecure?: boolean;
  /** Connections that are kept, to one host; 0 ends each with its answer. */
  readonly kept: number;
}

const headerLimit = 32 * 1024;

export function createTransport(options: TransportOptions): Transport {
  const { userAgent, timeout, kept, trust } = options;
  const agents = createAgents(
    {
      keepAlive: kept > 0,
      ...(kept > 0 ? { maxSockets: kept, maxFreeSockets: kept } : {}),
      rejectUnauthorized: options.insecure !== true,
    },
    options.chooseProxy ?? noProxies,
    timeout,
  );
  return {
    send: (url, { method, headers, body, lookup, signal }) => {
      const settings = {
        agent: agents.for(url),
        maxHeaderSize: headerLimit,
        method: method ?? 'GET',
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
      return send(url, settings, body?.bytes, options, signal);
    },
    close: () => agents.destroy(),
  };
}

function send(
  url: URL,
  settings: object,
  body: Buffer | undefined,
  { timeout, trust }: TransportOptions,
  signal: AbortSignal,
): Promise<Answer> {
  const request = url.protocol === 'https:' ? requestHttps(url, settings) : requestHttp(url, settings);
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
    // A request that waits for its connection says nothing when it is destroyed.
    const fail = (error: Error) => {
      leave();
      request.destroy();
      reject(describeNetworkError(error, url, signal, trust?.setting));
    };
    const stop = () => fail(new Error('stopped'));
    const timer = setTimeout(() => {
      const message = `${url.host} has not answered within ${timeout} ms`;
      fail(new SignpostError('UNAVAILABLE', message, { cause: { code: 'ETIMEDOUT' } }));
    }, timeout);
    signal.addEventListener('abort', stop, { once: true });
    request.on('response', (message) => {
      leave();
      endWith(message, signal);
      resolve({ status: message.statusCode ?? 0, url, message });
    });
    request.on('error', fail);
    if (signal.aborted) stop();
    else request.end(body);
  });
}

/** The signal ends a body that is being read, too. */
function endWith(message: IncomingMessage, signal: AbortSignal): void {
  // A connection that breaks between two reads must not end the process.
  message.on('error', () => undefined);
  const stop = () => message.destroy(new Error('stopped'));
  signal.addEventListener('abort', stop, { once: true });
  message.on('close', () => signal.removeEventListener('abort', stop));
}
