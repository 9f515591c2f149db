import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { AnswerPace, PacedAnswer } from './answer-pace.ts';

/** Answers that are held back at most, so that the first does not wait long for the others. */
const most = 32;
/** What of one answer is on its way at once, in bytes: TLS holds an encrypted copy of it. */
const pieceSize = 64 * 1024;

let gathered: (() => void)[] = [];

/**
 * Makes the class of a server's responses. The end of a response waits until the requests that have come in together have
 * been handled: their answers then go out one right after the other. A program on this machine that gets them one at a
 * time falls asleep after each, and waking it costs more than sending (docs/performance.md). A long answer goes out in
 * pieces, each when the client has taken the one before. `reset` ends a connection at once.
 */
export function createResponseClass(
  pace: AnswerPace,
  reset: (socket: Socket) => void,
): typeof ServerResponse {
  return class GatheredResponse<Request extends IncomingMessage = IncomingMessage>
    extends ServerResponse<Request>
    implements PacedAnswer
  {
    given = 0;
    taken = 0;
    #isWatched = false;

    cutOff(): void {
      reset(this.req.socket);
      this.destroy();
    }

    override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
      const size = lengthOf(chunk);
      const done = typeof encoding === 'function' ? encoding : callback;
      this.#watch(size);
      const taken = (error?: Error | null) => {
        if (error === undefined || error === null) this.taken += size;
        if (typeof done === 'function') done(error);
      };
      return typeof encoding === 'string'
        ? super.write(chunk, encoding as BufferEncoding, taken)
        : super.write(chunk, taken);
    }

    override end(chunk?: unknown, encoding?: unknown, callback?: () => void): this {
      const end = () => this.#end(chunk, encoding, callback);
      const { method } = this.req;
      // What follows other requests may be a body that was not announced: it would be refused in place of this answer.
      if (method !== 'GET' && method !== 'HEAD') {
        end();
        return this;
      }
      const waiting = gathered.push(end);
      if (waiting === 1) setImmediate(endGathered);
      else if (waiting === most) endGathered();
      return this;
    }

    #end(chunk: unknown, encoding: unknown, callback: (() => void) | undefined): void {
      if (lengthOf(chunk) > pieceSize && this.req.method !== 'HEAD' && !this.destroyed) {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk;
        if (!this.headersSent && !this.hasHeader('content-length')) {
          this.setHeader('Content-Length', (bytes as Uint8Array).length);
        }
        this.#endInPieces(bytes as Uint8Array, 0, callback);
        return;
      }
      super.end(chunk, encoding as BufferEncoding, callback);
      // Most answers are with the system at once.
      if (this.socket === null || this.socket.writableLength > 0) this.#watch(lengthOf(chunk));
    }

    #endInPieces(bytes: Uint8Array, at: number, callback: (() => void) | undefined): void {
      const next = at + pieceSize;
      if (next >= bytes.length) {
        super.end(bytes.subarray(at), callback);
        this.#watch(bytes.length - at);
        return;
      }
      this.write(bytes.subarray(at, next), (error?: Error | null) => {
        if (error === undefined || error === null) this.#endInPieces(bytes, next, callback);
      });
    }

    #watch(size: number): void {
      this.given += size;
      if (this.#isWatched || this.destroyed) return;
      this.#isWatched = true;
      pace.watch(this);
      this.once('close', () => pace.ended(this));
    }
  };
}

function lengthOf(chunk: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk);
  return chunk instanceof Uint8Array ? chunk.length : 0;
}

function endGathered(): void {
  const ending = gathered;
  gathered = [];
  for (const end of ending) end();
}
