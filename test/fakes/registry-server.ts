import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { isDigest } from '../../src/oci/digest.ts';
import { parseRange } from '../../src/oci/range.ts';
import type { BuiltManifest } from './image-builder.ts';

/** What a registry does wrong, or asks for. Everything may be changed while it runs. */
export interface RegistryKnobs {
  /** Demands HTTP Basic. */
  basic?: { readonly user: string; readonly password: string };
  /** Demands a token from its own /token; with `user`, the token needs Basic. */
  bearer?: { readonly user?: string; readonly password?: string; readonly realm?: string };
  /** Sends blob requests away: to a URL made from the path. */
  redirectBlobs?: (path: string) => string;
  /** Closes the connection after this many bytes of a blob. */
  truncateAfter?: number;
  /** How many more blob answers are truncated or stalled; all of them without it. */
  faults?: number;
  /** Sends this many bytes of a blob, then nothing. */
  stallAfter?: number;
  /** Sends blobs in pieces of 64 KiB with this many milliseconds between them. */
  pace?: number;
  /** Answers a Range with 200 and everything. */
  ignoreRange?: boolean;
  /** Answers a Range from another place than was asked for. */
  wrongRange?: boolean;
  /** Changes each body before it is sent. */
  damage?: (bytes: Buffer) => Buffer;
  /** Statuses for the next requests, before anything else is looked at. */
  failures?: { readonly status: number; readonly headers?: Record<string, string> }[];
  /** Sends this Content-Type with manifests. */
  manifestType?: string;
  /** Answers in the registry's place where it returns true. */
  instead?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** More headers in each answer. */
  headers?: Record<string, string>;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export interface RegistryServer {
  readonly port: number;
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly knobs: RegistryKnobs;
  readonly seen: readonly SeenRequest[];
  /** Makes every token that was given out so far worthless. */
  revokeTokens(): void;
  close(): Promise<void>;
}

/** A registry on loopback that serves `images` ("repository:tag" to what it names) as the pull API. */
export async function startRegistryServer(
  images: Readonly<Record<string, BuiltManifest>>,
  options: {
    readonly knobs?: RegistryKnobs;
    readonly tls?: { readonly cert: string; readonly key: string };
  } = {},
): Promise<RegistryServer> {
  const knobs = options.knobs ?? {};
  const seen: SeenRequest[] = [];
  const state: State = { images, knobs, token: 1, scheme: options.tls === undefined ? 'http' : 'https' };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers });
    answer(state, request, response);
  };
  const server: Server =
    options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    host: `127.0.0.1:${port}`,
    knobs,
    seen,
    revokeTokens: () => void state.token++,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface State {
  readonly images: Readonly<Record<string, BuiltManifest>>;
  readonly knobs: RegistryKnobs;
  readonly scheme: 'http' | 'https';
  token: number;
}

function answer(state: State, request: IncomingMessage, response: ServerResponse): void {
  const { knobs } = state;
  const path = (request.url ?? '').split('?')[0] ?? '';
  for (const [name, value] of Object.entries(knobs.headers ?? {})) response.setHeader(name, value);
  if (knobs.instead?.(request, response) === true) return;
  const failure = knobs.failures?.shift();
  if (failure !== undefined) return sendError(response, failure.status, 'UNKNOWN', failure.headers);
  if (path === '/token') return sendToken(state, request, response);
  if (!isAuthorized(state, request)) return sendChallenge(state, request, response);
  const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path);
  if (path === '/v2/') return void response.end('{}');
  const [, repository = '', kind, reference = ''] = match ?? [];
  if (kind === 'manifests') return sendManifest(state, repository, reference, request, response);
  if (kind === 'blobs') return sendBlob(state, reference, request, response);
  sendError(response, 404, 'NAME_UNKNOWN');
}

function sendManifest(
  state: State,
  repository: string,
  reference: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const found = isDigest(reference)
    ? Object.values(state.images).flatMap((image) => image.manifests.get(reference) ?? [])[0]
    : state.images[`${repository}:${reference}`];
  if (found === undefined) return sendError(response, 404, 'MANIFEST_UNKNOWN');
  const bytes = state.knobs.damage?.(found.manifest) ?? found.manifest;
  response.setHeader('Content-Type', state.knobs.manifestType ?? found.mediaType);
  response.setHeader('Docker-Content-Digest', found.digest);
  response.setHeader('Content-Length', bytes.length);
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function sendBlob(state: State, reference: string, request: IncomingMessage, response: ServerResponse): void {
  const { knobs } = state;
  const location = knobs.redirectBlobs?.(request.url ?? '');
  if (location !== undefined) return void response.writeHead(307, { Location: location }).end();
  const found = Object.values(state.images).flatMap((image) =>
    isDigest(reference) ? (image.blobs.get(reference) ?? []) : [],
  )[0];
  if (found === undefined) return sendError(response, 404, 'BLOB_UNKNOWN');
  const bytes = knobs.damage?.(found) ?? found;
  const asked = knobs.ignoreRange === true ? undefined : request.headers.range;
  const range = parseRange(asked, bytes.length);
  if (range.kind === 'unsatisfiable') return sendError(response, 416, 'RANGE_INVALID');
  const { start, end } = range.kind === 'part' ? range.range : { start: 0, end: bytes.length - 1 };
  const body = bytes.subarray(start, end + 1);
  if (range.kind === 'part') {
    const shown = knobs.wrongRange === true ? start + 1 : start;
    response.statusCode = 206;
    response.setHeader('Content-Range', `bytes ${shown}-${end}/${bytes.length}`);
  }
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('Content-Length', body.length);
  sendBody(knobs, body, response);
}

function sendBody(knobs: RegistryKnobs, body: Buffer, response: ServerResponse): void {
  const cut = knobs.truncateAfter ?? knobs.stallAfter;
  if (knobs.pace !== undefined) return void sendSlowly(knobs.pace, body, response);
  if (cut === undefined || knobs.faults === 0 || cut >= body.length) return void response.end(body);
  if (knobs.faults !== undefined) knobs.faults--;
  response.write(body.subarray(0, cut), () => {
    if (knobs.truncateAfter !== undefined) response.destroy();
  });
}

async function sendSlowly(pace: number, body: Buffer, response: ServerResponse): Promise<void> {
  for (let start = 0; start < body.length && !response.destroyed; start += 65_536) {
    response.write(body.subarray(start, start + 65_536));
    await setTimeout(pace);
  }
  response.end();
}

function isAuthorized({ knobs, token }: State, request: IncomingMessage): boolean {
  if (knobs.basic !== undefined) return request.headers.authorization === encodeBasic(knobs.basic);
  return knobs.bearer === undefined || request.headers.authorization === `Bearer token-${token}`;
}

function sendChallenge({ knobs, scheme }: State, request: IncomingMessage, response: ServerResponse): void {
  const realm = knobs.bearer?.realm ?? `${scheme}://${request.headers.host ?? ''}/token`;
  const challenge =
    knobs.basic === undefined ? `Bearer realm="${realm}",service="test registry"` : 'Basic realm="test"';
  sendError(response, 401, 'UNAUTHORIZED', { 'WWW-Authenticate': challenge });
}

function sendToken({ knobs, token }: State, request: IncomingMessage, response: ServerResponse): void {
  const { user, password } = knobs.bearer ?? {};
  if (
    user !== undefined &&
    request.headers.authorization !== encodeBasic({ user, password: password ?? '' })
  ) {
    return sendError(response, 401, 'UNAUTHORIZED');
  }
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ token: `token-${token}` }));
}

function encodeBasic({ user, password }: { readonly user: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function sendError(response: ServerResponse, status: number, code: string, headers = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify({ errors: [{ code, message: `the fake says ${code}` }] }));
}
