import type { OnReadOpts, Socket } from 'node:net';
import type { ChooseProxy } from '../http-client/choose-proxy.ts';
import { type Agents, createAgents } from '../http-client/proxy-agents.ts';

/** At most so much is taken from a connection at once, in bytes. */
const readSize = 256 * 1024;

/**
 * Agents whose connections all read into one buffer. A connection usually makes a new one of 64 KiB for each read, which
 * costs more than what is read; the HTTP parser copies what it hands on, so that one is free again at once.
 */
export function createBulkAgents(parallel: number, chooseProxy: ChooseProxy, timeout: number): Agents {
  const settings = {
    keepAlive: true,
    maxSockets: parallel,
    maxFreeSockets: parallel,
    scheduling: 'lifo' as const,
    onread: { buffer: Buffer.allocUnsafeSlow(readSize), callback: handOn } satisfies OnReadOpts,
  };
  return createAgents(settings, chooseProxy, timeout);
}

// The parser listens to a connection's pieces like any other reader.
function handOn(this: Socket, length: number, buffer: Uint8Array): boolean {
  this.emit('data', buffer.subarray(0, length));
  return true;
}
