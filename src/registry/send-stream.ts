import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Exchange } from './exchange.ts';

/** Bytes a second, over each window of so many milliseconds. What is left of a window at the end does not count. */
const leastRate = 16 * 1024;
const paceWindow = 30_000;

/** Sends a body from a stream, and breaks it off when the client takes too little of it. */
export async function sendStream(
  exchange: Exchange,
  status: number,
  headers: readonly string[],
  stream: Readable,
): Promise<void> {
  exchange.begin(status, headers);
  using _pace = keepPace(exchange);
  stream.on('data', (chunk: Buffer) => {
    exchange.bytes += chunk.length;
  });
  await pipeline(stream, exchange.response);
}

/**
 * Ends the answer to a client that takes less than the least rate: it would hold one of few streams for hours. The
 * access log has the bytes that it took.
 */
function keepPace(exchange: Exchange): Disposable {
  let before = 0;
  const timer = setInterval(() => {
    if (exchange.bytes - before < leastRate * (paceWindow / 1000)) exchange.response.destroy();
    before = exchange.bytes;
  }, paceWindow);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
