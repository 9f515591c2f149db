import { type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { describeProxy } from './choose-proxy.ts';
import { hostOf } from './http-url.ts';

const headerLimit = 16 * 1024;

/** A tunnel that a proxy has refused, or not given in time. `code` is that of the network, where it has one. */
class TunnelError extends Error {
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/**
 * Asks a proxy for a connection to `host` (RFC 9110, section 9.3.6). What goes through it is for that host alone: the
 * proxy's credentials are sent to the proxy and nowhere else.
 * @param timeout milliseconds for all of it
 * @throws Error that names the proxy
 */
export function connectTunnel(
  proxy: URL,
  { host, port }: { readonly host: string; readonly port: string | number },
  timeout: number,
  signal: AbortSignal,
): Promise<Socket> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const options: RequestOptions = {
    method: 'CONNECT',
    host: hostOf(proxy),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    path: authority,
    agent: false,
    maxHeaderSize: headerLimit,
    headers: { Host: authority, ...authorizationOf(proxy) },
  };
  const request = proxy.protocol === 'https:' ? requestHttps(options) : requestHttp(options);
  const by = `the proxy ${describeProxy(proxy)}`;
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
    const fail = (error: Error) => {
      leave();
      request.destroy();
      reject(error);
    };
    const stop = () => fail(new TunnelError('stopped', 'ABORT_ERR'));
    const timer = setTimeout(
      () => fail(new TunnelError(`${by} has not answered within ${timeout} ms`, 'ETIMEDOUT')),
      timeout,
    );
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    request.on('connect', ({ statusCode = 0 }, socket: Socket, head) => {
      if (statusCode < 200 || statusCode >= 300) {
        socket.destroy();
        return fail(refusal(by, authority, statusCode));
      }
      leave();
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    // A server that is no proxy answers like any other.
    request.on('response', ({ statusCode = 0 }) => fail(refusal(by, authority, statusCode)));
    request.on('error', (error: NodeJS.ErrnoException) => {
      fail(new TunnelError(`${by}: ${error.message}`, error.code ?? 'ECONNRESET', error));
    });
    request.end();
  });
}

function refusal(by: string, authority: string, status: number): TunnelError {
  if (status === 407) return new TunnelError(`${by} wants a user and a password (status 407)`, 'EPROXY');
  const code = status >= 500 || status === 429 ? 'ECONNRESET' : 'EPROXY';
  return new TunnelError(`${by} gives no connection to ${authority}: status ${status}`, code);
}

function authorizationOf({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'Proxy-Authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}
