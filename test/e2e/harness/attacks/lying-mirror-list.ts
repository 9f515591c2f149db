import { readFileSync, existsSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, createServer, request as ask } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, type Socket, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import type { Certificates } from '../certificates.ts';
import { type State, type StateName, attacked, stateNames } from './attack-states.ts';

/** What a lie answers: as another state would, or with something made up. */
export type Answer =
  | { readonly from: StateName; readonly path?: string }
  | {
      readonly status: number;
      readonly type?: string;
      readonly location?: string;
      /** What Docker-Content-Digest says. */
      readonly digest?: string;
      readonly body?: Uint8Array | 'endless';
    };

/** What is answered at a path; undefined for the honest answer. */
export type Lie = (path: string) => Answer | undefined;

/** These files of metadata, by path, and for everything else what `otherwise` says. */
export function serveFiles(made: Readonly<Record<string, Uint8Array>>, otherwise: Lie): Lie {
  return (path) => {
    const body = made[path];
    return body === undefined ? otherwise(path) : { status: 200, type: 'application/json', body };
  };
}

/** A Mirror List that answers as it is told to. HTTP and HTTPS are spoken at one port: clients differ in what they try first. */
export interface LyingMirrorList extends AsyncDisposable {
  readonly port: number;
  lie: Lie | undefined;
  /** How many endless answers were read for as long as they were sent. */
  readOn: number;
}

/** How much of an endless answer is sent, in bytes: far more than any client needs to take. */
const endlessSize = 48 * 1024 * 1024;

/**
 * Starts it. What no lie is about is answered by the state `current`, and what is asked for by digest by whichever
 * state has it, so that a lie about a tag alone leads to an image that is there with all its signatures.
 */
export async function startLyingMirrorList(
  certificates: Certificates,
  states: ReadonlyMap<StateName, State>,
): Promise<LyingMirrorList> {
  const answer = (incoming: IncomingMessage, response: ServerResponse) => {
    const path = incoming.url ?? '/';
    const lie = list.lie?.(path) ?? { from: 'current' as const };
    if (!('from' in lie)) {
      sendMadeUp(lie, incoming, response, list);
      return;
    }
    const { from, path: asked } =
      lie.path === undefined ? findOwner(states, lie.from, path) : { ...lie, path: lie.path };
    passOn(`${states.get(from)?.url ?? ''}${asked}`, incoming, response);
  };
  const plain = createServer(answer);
  const tls = createTlsServer(
    { cert: readFileSync(certificates.certificate), key: readFileSync(certificates.key) },
    answer,
  );
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      // The first byte of a TLS handshake (RFC 8446, section 5.1).
      (first[0] === 22 ? tls : plain).emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const list: LyingMirrorList = {
    port: (server.address() as AddressInfo).port,
    lie: undefined,
    readOn: 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return list;
}

const content = new RegExp(
  `^(/v2/${attacked}/(?:manifests|blobs|referrers)/|/extensions/v2/${attacked}/signatures/)sha256[:-]([0-9a-f]{64})(\\.sig)?(?:\\?.*)?$`,
);

/** Which state has what is asked for by digest, the one that was asked first; and its path there. */
function findOwner(
  states: ReadonlyMap<StateName, State>,
  asked: StateName,
  path: string,
): { readonly from: StateName; readonly path: string } {
  const hex = content.exec(path)?.[2];
  if (hex === undefined) return { from: asked, path };
  for (const from of [asked, ...stateNames]) {
    const tree = states.get(from)?.signpost.tree ?? '';
    for (const repository of [attacked, 'demo/other'])
      for (const kind of ['manifests', 'blobs'])
        if (existsSync(join(tree, 'v2', repository, kind, `sha256:${hex}`)))
          return { from, path: path.replace(attacked, repository) };
  }
  return { from: asked, path };
}

function passOn(url: string, incoming: IncomingMessage, response: ServerResponse) {
  const headers = { ...incoming.headers };
  delete headers.host;
  const asked = ask(url, { method: incoming.method ?? 'GET', headers, agent: false });
  asked.once('response', (answered) => {
    response.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(response);
  });
  asked.once('error', () => response.destroy());
  asked.end();
}

function sendMadeUp(
  answer: Exclude<Answer, { from: StateName }>,
  incoming: IncomingMessage,
  response: ServerResponse,
  list: LyingMirrorList,
) {
  const { status, type, location, digest, body } = answer;
  const headers = {
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(location === undefined ? {} : { location }),
    ...(digest === undefined ? {} : { 'docker-content-digest': digest }),
  };
  if (body !== 'endless' || incoming.method === 'HEAD') {
    const bytes = body === 'endless' || body === undefined ? Buffer.alloc(0) : body;
    response.writeHead(status, { ...headers, 'content-length': bytes.length });
    response.end(incoming.method === 'HEAD' ? undefined : bytes);
    return;
  }
  response.writeHead(status, headers);
  void sendEndless(response, list);
}

async function sendEndless(response: ServerResponse, list: LyingMirrorList) {
  const piece = Buffer.alloc(256 * 1024, ' ');
  const closed = new Promise<void>((resolve) => {
    response.once('close', resolve);
  });
  for (let sent = 0; sent < endlessSize; sent += piece.length) {
    if (response.destroyed) return;
    if (response.write(piece)) continue;
    const drained = new Promise<void>((resolve) => {
      response.once('drain', resolve);
    });
    await Promise.race([drained, closed]);
  }
  if (response.destroyed) return;
  list.readOn += 1;
  response.end();
}
