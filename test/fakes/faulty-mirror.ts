import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, type Socket, createServer as createTcpServer } from 'node:net';
import { join, normalize } from 'node:path';
import { type ByteRange, formatContentRange, parseRange } from '../../src/oci/range.ts';
import { type MirrorFault, type PlannedAnswer, sendSpoilt } from './mirror-faults.ts';

export interface FaultyMirrorOptions {
  /** The folder that it serves. */
  readonly root: string;
  /** PEM texts; without them it speaks plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly address?: string;
  readonly port?: number;
  readonly fault?: MirrorFault;
}

/** Which requests a fault spoils. */
export interface FaultScope {
  /** Only paths that match; all without it. */
  readonly paths?: RegExp;
  /** Only so many requests; then the mirror is good again. */
  readonly times?: number;
}

export interface AccessLogEntry {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly userAgent: string | undefined;
  readonly from: string | undefined;
  readonly fault: MirrorFault;
  /** 0 until an answer was begun. */
  status: number;
  /** Whether the answer ended as it was meant to. */
  complete: boolean;
}

export interface FaultyMirror {
  /** Without a slash at the end. */
  readonly url: string;
  readonly address: string;
  readonly port: number;
  /** Every request, oldest first. */
  readonly log: AccessLogEntry[];
  /** Connections accepted, those that asked for nothing too. */
  connections(): number;
  setFault(fault: MirrorFault, scope?: FaultScope): Promise<void>;
  close(): Promise<void>;
}

/**
 * A static web server in front of a folder, which can go bad in any of the ways of {@link MirrorFault} while it runs.
 * Without a fault it is what a mirror should be: Range, HEAD, validators, no compression.
 */
export async function startFaultyMirror(options: FaultyMirrorOptions): Promise<FaultyMirror> {
  const { root, tls, address = '127.0.0.1' } = options;
  const log: AccessLogEntry[] = [];
  const sockets = new Map<number, Socket>();
  let fault: MirrorFault = 'none';
  let scope: FaultScope = {};
  let left = Infinity;
  let accepted = 0;

  const answer: RequestListener = (request, response) => {
    const spoilt = faultFor(request);
    const entry: AccessLogEntry = {
      method: request.method ?? '',
      path: request.url ?? '',
      range: request.headers.range,
      userAgent: request.headers['user-agent'],
      from: request.socket.remoteAddress,
      fault: spoilt,
      status: 0,
      complete: false,
    };
    log.push(entry);
    response.on('close', () => {
      entry.status = response.headersSent ? response.statusCode : 0;
      entry.complete = response.writableFinished;
    });
    response.on('error', () => response.destroy());
    void respond(root, spoilt, request, response, sockets.get(request.socket.remotePort ?? 0));
  };
  const faultFor = (request: IncomingMessage): MirrorFault => {
    if (left <= 0 || (scope.paths !== undefined && !scope.paths.test(request.url ?? ''))) return 'none';
    left -= 1;
    return fault;
  };
  const web =
    tls === undefined
      ? createServer(answer)
      : createTlsServer({ cert: tls.certificate, key: tls.key }, answer);
  const door = createTcpServer({ noDelay: true }, (socket) => {
    accepted += 1;
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    socket.on('close', () => sockets.delete(port));
    socket.on('error', () => socket.destroy());
    if (fault !== 'stall-handshake') web.emit('connection', socket);
  });
  web.on('tlsClientError', () => undefined);

  const listen = async (port: number) => {
    door.listen(port, address);
    await once(door, 'listening');
  };
  const shut = async () => {
    for (const socket of sockets.values()) socket.destroy();
    if (!door.listening) return;
    const closed = once(door, 'close');
    door.close();
    await closed;
  };
  const setFault = async (next: MirrorFault, nextScope: FaultScope = {}) => {
    fault = next;
    scope = nextScope;
    left = nextScope.times ?? Infinity;
    if (next === 'refused') await shut();
    else if (!door.listening) await listen(port);
  };

  await listen(options.port ?? 0);
  const { port } = door.address() as AddressInfo;
  if (options.fault !== undefined) await setFault(options.fault);
  const host = address.includes(':') ? `[${address}]` : address;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${port}`,
    address,
    port,
    log,
    connections: () => accepted,
    setFault,
    close: shut,
  };
}

async function respond(
  root: string,
  fault: MirrorFault,
  request: IncomingMessage,
  response: ServerResponse,
  raw: Socket | undefined,
): Promise<void> {
  const plan = await planAnswer(root, fault, request);
  if (typeof plan === 'object') {
    sendSpoilt(fault, plan, request, response, raw);
    return;
  }
  response.writeHead(plan, { 'content-length': '0' }).end();
}

/** A status without content, or the answer. */
async function planAnswer(
  root: string,
  fault: MirrorFault,
  request: IncomingMessage,
): Promise<PlannedAnswer | 304 | 404 | 416> {
  const path = normalize(decodeURIComponent((request.url ?? '/').replace(/\?.*$/, '')));
  if (!path.startsWith('/') || path.includes('\0')) return 404;
  const file = join(root, path);
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) return 404;
  const etag = `"${found.size}-${found.mtimeMs}-${found.ino}"`;
  if (request.headers['if-none-match'] === etag && fault === 'none') return 304;
  const size = fault === 'short-file' ? Math.floor(found.size / 2) : found.size;
  const wanted = parseRange(fault === 'no-range' ? undefined : request.headers.range, size);
  if (wanted.kind === 'unsatisfiable') return 416;
  const part = wanted.kind === 'part';
  const range: ByteRange | undefined = part
    ? wanted.range
    : size === 0
      ? undefined
      : { start: 0, end: size - 1 };
  return {
    file,
    size,
    status: part ? 206 : 200,
    range,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(range === undefined ? 0 : range.end - range.start + 1),
      'accept-ranges': 'bytes',
      etag,
      'last-modified': found.mtime.toUTCString(),
      ...(part ? { 'content-range': formatContentRange(wanted.range, size) } : {}),
    },
  };
}
