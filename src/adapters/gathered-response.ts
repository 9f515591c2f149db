import { type IncomingMessage, ServerResponse } from 'node:http';

/** Answers that are held back at most, so that the first does not wait long for the others. */
const most = 32;

let gathered: (() => void)[] = [];

/**
 * A response whose end waits until the requests that have come in together have been handled: their answers then go out
 * one right after the other. A program on this machine that gets them one at a time falls asleep after each, and waking
 * it costs more than sending (docs/performance.md).
 */
export class GatheredResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  override end(chunk?: unknown, encoding?: unknown, callback?: () => void): this {
    const end = () => super.end(chunk, encoding as BufferEncoding, callback);
    const { method } = this.req;
    // What follows other requests may be a body that was not announced: it would be refused in place of this answer.
    if (method !== 'GET' && method !== 'HEAD') return end();
    const waiting = gathered.push(end);
    if (waiting === 1) setImmediate(endGathered);
    else if (waiting === most) endGathered();
    return this;
  }
}

function endGathered(): void {
  const ending = gathered;
  gathered = [];
  for (const end of ending) end();
}
