import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Netblock } from '../../net/address.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { Log } from '../../ports/log.ts';
import { type PaceLimits, createAnswerPace } from './answer-pace.ts';
import { createResponseClass } from './gathered-response.ts';
import { errorCode } from '../files/storage-error.ts';
import { type TlsFiles, watchTlsFiles } from './tls-files.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';
import { countUnfinished, watchConnections } from './watched-connections.ts';

/** Where to listen. */
export interface ListenAddress {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
}

/** Servers that are listening. */
export interface HttpServer {
  /** Where, with the ports that were taken: `https://127.0.0.1:5000`. */
  readonly urls: readonly string[];
  /** Stops listening, lets the requests under way finish for `grace` milliseconds, then closes what is left. */
  close(grace: number): Promise<void>;
}

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/** Times in milliseconds. A client that is slower than this, or sends more, is disconnected. */
export interface HttpLimits extends PaceLimits {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  /** How long nothing may move in an answer under way. */
  readonly idleTimeout: number;
  /** Bytes. */
  readonly maxHeaderSize: number;
  /** For each address to listen on. One client, and one network, gets a part of them. */
  readonly maxConnections: number;
  /** Requests on one connection whose answers have not gone out yet. */
  readonly maxPipelined: number;
}

export const defaultLimits: HttpLimits = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 30_000,
  idleTimeout: 60_000,
  maxHeaderSize: 16 * 1024,
  maxConnections: 10_000,
  maxPipelined: 8,
  leastRate: 16 * 1024,
  paceWindow: 30_000,
};

/**
 * Listens on every address, or on none.
 * @throws SignpostError CONFIG_INVALID (an address or a certificate that cannot be used)
 */
export async function listenHttp(
  addresses: readonly ListenAddress[],
  listener: RequestListener,
  log: Log,
  limits: HttpLimits = defaultLimits,
  /** They speak for many clients each. */
  trustedProxies: readonly Netblock[] = [],
): Promise<HttpServer> {
  const open: Opened[] = [];
  try {
    for (const address of addresses) {
      open.push(await openServer(address, listener, log, limits, trustedProxies));
    }
  } catch (error) {
    await waitForAll(open.map((opened) => closeServer(opened, 0)));
    throw error;
  }
  return {
    urls: open.map(({ url }) => url),
    close: async (grace) => {
      await waitForAll(open.map((opened) => closeServer(opened, grace)));
    },
  };
}

interface Opened {
  readonly server: Server;
  readonly url: string;
  readonly stopWatching: () => void;
}

async function openServer(
  { address, port, tls }: ListenAddress,
  listener: RequestListener,
  log: Log,
  limits: HttpLimits,
  trustedProxies: readonly Netblock[],
): Promise<Opened> {
  const connections = watchConnections(limits.maxConnections, trustedProxies);
  const options = {
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    maxHeaderSize: limits.maxHeaderSize,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeout),
    noDelay: true,
    ServerResponse: createResponseClass(createAnswerPace(limits), (socket) => connections.reset(socket)),
  };
  const isTooMany = countUnfinished(limits.maxPipelined, (socket) => connections.find(socket));
  const handle: RequestListener = (request, response) => {
    if (isTooMany(request, response)) {
      request.socket.destroy();
      return;
    }
    // No request here has a use for a body: it is not read, and the connection ends with the answer.
    if (hasBody(request)) response.setHeader('Connection', 'close');
    listener(request, response);
  };
  let server: Server;
  let stopWatching = () => {};
  if (tls === undefined) {
    server = createServer(options, handle);
  } else {
    const watched = await watchTlsFiles(tls, log, (pair) => tlsServer.setSecureContext(pair));
    const tlsServer = createTlsServer(
      { ...options, ...watched.pair, minVersion: 'TLSv1.2', handshakeTimeout: limits.headersTimeout },
      handle,
    );
    server = tlsServer;
    stopWatching = () => watched.stop();
  }
  server.on('connection', (socket) => connections.admit(socket));
  // Those of proxies have to be bounded, too.
  server.maxConnections = 2 * limits.maxConnections;
  // The bytes of the head are bounded already. Headers left out by number could be the ones that a proxy added.
  server.maxHeadersCount = 0;
  server.setTimeout(limits.idleTimeout);
  try {
    await listening(server, address, port);
  } catch (error) {
    stopWatching();
    throw error;
  }
  const bound = server.address() as AddressInfo;
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return { server, url: `${tls === undefined ? 'http' : 'https'}://${host}:${bound.port}`, stopWatching };
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined;
}

async function listening(server: Server, address: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: address, port }, resolve);
  try {
    await promise;
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `cannot listen on ${address} port ${port}: ${describeListenProblem(cause, port)}`,
      { cause },
    );
  } finally {
    server.off('error', reject);
  }
}

function describeListenProblem(cause: unknown, port: number): string {
  const code = errorCode(cause);
  if (code === 'EADDRINUSE') return 'another program listens there already';
  if (code === 'EADDRNOTAVAIL') return 'this machine does not have that address';
  if (code === 'EACCES' && port < 1024) {
    return 'ports below 1024 are for root and for services with CAP_NET_BIND_SERVICE, as packaging/systemd/signpost.service gives it';
  }
  return cause instanceof Error ? cause.message : String(cause);
}

/** How often connections that have become idle are closed while the server ends, in milliseconds. */
const sweepInterval = 25;

async function closeServer({ server, stopWatching }: Opened, grace: number): Promise<void> {
  stopWatching();
  const { promise: closing, resolve } = Promise.withResolvers<void>();
  const closed = new AbortController();
  server.close(() => {
    closed.abort();
    resolve();
  });
  for (let waited = 0; !closed.signal.aborted && waited < grace; waited += sweepInterval) {
    server.closeIdleConnections();
    await Promise.race([closing, sleep(sweepInterval)]);
  }
  server.closeAllConnections();
  await closing;
}
