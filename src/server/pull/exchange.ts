import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientConnection } from '../../mirrors/client-connection.ts';
import type { Place } from '../../mirrors/place.ts';
import type { IpAddress } from '../../net/address.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RequestPath } from './request-path.ts';
import type { BlobRoute } from './route-blob.ts';

/** What the registry reads of a request. node:http's IncomingMessage is one. */
export interface Incoming {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: PeerSocket;
}

interface PeerSocket {
  readonly remoteAddress?: string | undefined;
  /** Set on TLS sockets. */
  readonly encrypted?: boolean | undefined;
  once(event: 'close', listener: () => void): unknown;
}

/** What the registry does with a response. node:http's ServerResponse is one. `headers` is name, value, name, ... */
export interface Outgoing extends Writable {
  readonly headersSent: boolean;
  writeHead(status: number, headers: string[]): unknown;
}

/** Who asks, as the routing needs it. */
export interface RequestClient {
  readonly address: IpAddress;
  readonly secure: boolean;
  readonly place: Place;
}

/** Who asks, and over which connection. */
export interface Asker {
  readonly client: RequestClient;
  readonly connection: ClientConnection | undefined;
}

/** What a handler did with a request, beside answering it. */
export interface Handled {
  /** What became of a request for a blob. */
  readonly routed?: BlobRoute | undefined;
  /** Whether a manifest list was answered, or described. */
  readonly isList?: boolean | undefined;
  /** Ends when the answer has been sent. Undefined when that has happened already. */
  readonly sending?: Promise<void> | undefined;
}

/** What a handler returns: nothing more than an answer, at once or by and by, or what is to be known of it. */
export type Handling = void | Promise<void> | Handled;

/** One request with its answer. Status and bytes are written here alone, where they are sent. */
export class Exchange {
  readonly request: Incoming;
  readonly response: Outgoing;
  readonly method: 'GET' | 'HEAD';
  readonly path: RequestPath;
  readonly client: RequestClient;
  /** Undefined when a proxy stands between, whose connections are those of many clients. */
  readonly connection: ClientConnection | undefined;
  /** When, by the monotonic clock, in milliseconds. */
  readonly began: number;
  #status = 0;
  #bytes = 0;

  constructor(
    request: Incoming,
    response: Outgoing,
    method: 'GET' | 'HEAD',
    path: RequestPath,
    { client, connection }: Asker,
    began: number,
  ) {
    this.request = request;
    this.response = response;
    this.method = method;
    this.path = path;
    this.client = client;
    this.connection = connection;
    this.began = began;
  }

  /** A request header; of several with one name, what node:http makes of them. */
  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** The status that was answered; 0 before that. */
  get status(): number {
    return this.#status;
  }

  /** How many bytes of body were answered. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Sends the whole answer. An answer to HEAD has no body, whatever is given. */
  answer(status: number, headers: readonly string[], body?: Uint8Array | string): void {
    this.#begin(status, headers);
    if (body === undefined || this.method === 'HEAD') {
      this.response.end();
      return;
    }
    this.#bytes = body.length;
    this.response.end(body);
  }

  /** Sends an answer whose body is a stream. The server breaks off whatever the client takes too little of. */
  async stream(status: number, headers: readonly string[], body: Readable): Promise<void> {
    this.#begin(status, headers);
    body.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
    });
    await pipeline(body, this.response);
  }

  #begin(status: number, headers: readonly string[]): void {
    this.#status = status;
    // Node's types ask for an array that may be written to; it is only read.
    this.response.writeHead(status, headers as string[]);
  }
}

/** `"sha256:..."`: content with a digest has the best of entity tags (RFC 9110, section 8.8.3). */
export function entityTagOf(digest: Digest): string {
  return `"${digest}"`;
}

/** RFC 9110, section 13.1.2: weak comparison against each tag of the list. */
export function noneMatches(header: string | undefined, digest: Digest): boolean {
  if (header === undefined) return true;
  const wanted = entityTagOf(digest);
  return !header.split(',').some((tag) => {
    const text = tag.trim();
    return text === '*' || text === wanted || text === `W/${wanted}`;
  });
}
