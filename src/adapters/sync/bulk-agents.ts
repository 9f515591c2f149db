import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { OnReadOpts, Socket } from 'node:net';

/** At most so much is taken from a connection at once, in bytes. */
const readSize = 256 * 1024;

/**
 * Agents whose connections all read into one buffer. A connection usually makes a new one of 64 KiB for each read, which
 * costs more than what is read; the HTTP parser copies what it hands on, so that one is free again at once.
 */
export function createBulkAgents(parallel: number): { readonly http: HttpAgent; readonly https: HttpsAgent } {
  const settings = {
    keepAlive: true,
    maxSockets: parallel,
    maxFreeSockets: parallel,
    scheduling: 'lifo' as const,
    onread: { buffer: Buffer.allocUnsafeSlow(readSize), callback: handOn } satisfies OnReadOpts,
  };
  return { http: new HttpAgent(settings), https: new HttpsAgent(settings) };
}

// The parser listens to a connection's pieces like any other reader.
function handOn(this: Socket, length: number, buffer: Uint8Array): boolean {
  this.emit('data', buffer.subarray(0, length));
  return true;
}
