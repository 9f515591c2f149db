import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Exchange } from './exchange.ts';

/** Sends a body from a stream. The server breaks off whatever the client takes too little of. */
export async function sendStream(
  exchange: Exchange,
  status: number,
  headers: readonly string[],
  stream: Readable,
): Promise<void> {
  exchange.begin(status, headers);
  stream.on('data', (chunk: Buffer) => {
    exchange.bytes += chunk.length;
  });
  await pipeline(stream, exchange.response);
}
