import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Netblock } from '../../net/address.ts';
import { createOriginFinder } from '../../net/client-address.ts';
import { type Admitted, ConnectionShares } from './connection-shares.ts';

/** The connections of one listener. */
export interface WatchedConnections {
  /** Lets a connection in, or closes it, by whose it is. */
  admit(socket: Socket): void;
  /** To tell when the connection of a request works; undefined for a proxy's. */
  find(socket: Socket): Admitted | undefined;
  /** Ends the connection of a request at once: what the system has not sent yet is dropped. */
  reset(socket: Socket): void;
}

interface Connection {
  /** The socket of a request is another one where there is TLS. */
  readonly socket: Socket;
  readonly admitted: Admitted | undefined;
}

/** @param trustedProxies speak for many clients each: theirs are not counted */
export function watchConnections(limit: number, trustedProxies: readonly Netblock[]): WatchedConnections {
  const shares = new ConnectionShares(limit);
  const origins = createOriginFinder(trustedProxies);
  const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
  const known = new Map<string, Connection>();
  return {
    admit(socket) {
      const { address, isProxy } = origins.peerOf(socket.remoteAddress);
      const admitted = isProxy ? undefined : shares.admit(address, socket);
      if (admitted === undefined && !isProxy) {
        socket.destroy();
        return;
      }
      const name = nameOf(socket);
      const connection = { socket, admitted };
      known.set(name, connection);
      socket.once('close', () => {
        admitted?.closed();
        if (known.get(name) === connection) known.delete(name);
      });
    },
    find: (socket) => known.get(nameOf(socket))?.admitted,
    reset(socket) {
      const connection = known.get(nameOf(socket))?.socket;
      connection?.resetAndDestroy();
      socket.destroy();
    },
  };
}

/**
 * Says of each request whether its connection has too many unfinished ones. node:http reads pipelined requests as fast
 * as they come (RFC 9112, section 9.3.2), and keeps their answers in memory until the client reads them: thousands of
 * requests fit into one packet, and each answer may be long. No client of the pull API pipelines.
 */
export function countUnfinished(
  limit: number,
  find: (socket: Socket) => Admitted | undefined,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const counts = new WeakMap<object, { unfinished: number; readonly admitted: Admitted | undefined }>();
  return ({ socket }, response) => {
    const known = counts.get(socket);
    const count = known ?? { unfinished: 0, admitted: find(socket) };
    if (known === undefined) counts.set(socket, count);
    // What follows in the packet of one that was too many is parsed all the same.
    if (count.unfinished >= limit || socket.destroyed) return true;
    if (count.unfinished === 0) count.admitted?.busy();
    count.unfinished += 1;
    response.once('close', () => {
      count.unfinished -= 1;
      if (count.unfinished === 0) count.admitted?.idle();
    });
    return false;
  };
}
