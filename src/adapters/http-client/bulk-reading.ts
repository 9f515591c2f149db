import type { OnReadOpts, Socket } from 'node:net';

/** At most so much is taken from a connection at once, in bytes. */
const readSize = 256 * 1024;

/**
 * Settings of an agent whose connections all read into one buffer. A connection usually makes a new one of 64 KiB for each
 * read, which costs more than what is read; the HTTP parser copies what it hands on, so that one is free again at once.
 */
export function bulkReading(): { readonly onread: OnReadOpts } {
  return { onread: { buffer: Buffer.allocUnsafeSlow(readSize), callback: handOn } };
}

// The parser listens to a connection's pieces like any other reader.
function handOn(this: Socket, length: number, buffer: Uint8Array): boolean {
  this.emit('data', buffer.subarray(0, length));
  return true;
}
