import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { formatContentRange, parseRange } from '../src/oci/range.ts';

/** What was sent in answer to one request. */
export interface Sent {
  readonly path: string;
  readonly status: number;
  /** Bytes of the file. */
  readonly bytes: number;
  readonly client: string;
  readonly userAgent: string;
}

export interface StaticFileServerOptions {
  readonly root: string;
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Both in PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly onSent: (sent: Sent) => void;
}

// What the tree consists of: no empty part, none that begins with a dot, nothing escaped.
const pathPattern = /^(?:\/[A-Za-z0-9_][A-Za-z0-9_.:@=-]{0,254}){1,64}$/;

/**
 * Serves the files below a folder over TLS as any static web server would: GET, HEAD and Range, and nothing that
 * knows of images.
 */
export async function startStaticFileServer(
  options: StaticFileServerOptions,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer({ cert: options.certificate, key: options.key }, (request, response) => {
    void answer(request, response, options);
  });
  server.listen(options.port, options.address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { root, onSent }: StaticFileServerOptions,
): Promise<void> {
  const path = request.url ?? '';
  // Unknown once the connection is gone.
  const client = request.socket.remoteAddress ?? '';
  let bytes = 0;
  try {
    bytes = await sendFile(request, response, pathPattern.test(path) ? join(root, path) : undefined);
  } catch {
    // The client went away, or the disk failed in the middle: the broken connection tells the client.
    response.destroy();
  }
  onSent({
    path,
    status: response.statusCode,
    bytes,
    client,
    userAgent: request.headers['user-agent'] ?? '',
  });
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string | undefined,
): Promise<number> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return 0;
  }
  const file = path === undefined ? undefined : await openFile(path);
  if (file === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
    return 0;
  }
  const { handle, size } = file;
  try {
    const asked = parseRange(request.headers.range, size);
    if (asked.kind === 'unsatisfiable') {
      response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
      return 0;
    }
    const range = asked.kind === 'part' ? asked.range : { start: 0, end: size - 1 };
    const length = range.end - range.start + 1;
    response.writeHead(asked.kind === 'part' ? 206 : 200, {
      'content-type': 'application/octet-stream',
      'content-length': length,
      'accept-ranges': 'bytes',
      ...(asked.kind === 'part' ? { 'content-range': formatContentRange(range, size) } : {}),
    });
    if (request.method === 'HEAD' || length === 0) {
      response.end();
      return 0;
    }
    await pipeline(createReadStream('', { fd: handle, ...range, autoClose: false }), response);
    return length;
  } finally {
    await handle.close();
  }
}

async function openFile(path: string): Promise<{ handle: FileHandle; size: number } | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  const status = await handle.stat();
  if (status.isFile()) return { handle, size: status.size };
  await handle.close();
  return undefined;
}
