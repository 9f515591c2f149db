import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * A simulated place: an HTTP CONNECT proxy whose connections leave from one loopback address, which the Mirror List is
 * told is in some country. It also stands in for name resolution: clients name hosts that do not exist, and it
 * connects them to loopback. Loopback addresses themselves are reached directly by clients, without a proxy.
 */
export interface PlaceProxy extends AsyncDisposable {
  /** For HTTPS_PROXY. */
  readonly url: string;
  /** The address from which the Mirror List sees new connections. Open ones are closed. */
  moveTo(address: string): void;
  /** Calls `action` once, when the client opens its next connection to the world. */
  onNextConnection(action: () => void): void;
}

/** `host:port` as clients name it, and where it really is. */
export type Hosts = ReadonlyMap<string, { readonly address: string; readonly port: number }>;

const headerLimit = 8192;

export async function startPlaceProxy(hosts: Hosts, first: string): Promise<PlaceProxy> {
  let address = first;
  const sockets = new Set<Socket>();
  let next: (() => void) | undefined;
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    track(client);
    next?.();
    next = undefined;
    let head = '';
    const onData = (chunk: Buffer) => {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) {
        if (head.length > headerLimit) client.destroy();
        return;
      }
      client.off('data', onData);
      const target = hosts.get(/^CONNECT (\S+) HTTP\/1\.[01]\r\n/.exec(head)?.[1] ?? '');
      if (target === undefined) {
        client.end('HTTP/1.1 502 No such host in this world\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      const upstream = connect({ host: target.address, port: target.port, localAddress: address });
      track(upstream);
      upstream.once('connect', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        const rest = head.slice(end + 4);
        if (rest !== '') upstream.write(Buffer.from(rest, 'latin1'));
        client.pipe(upstream).pipe(client);
      });
      // What has come already is still given to the client.
      upstream.once('close', () => client.destroySoon());
      client.once('close', () => upstream.destroy());
    };
    client.on('data', onData);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    moveTo(to) {
      address = to;
      for (const socket of sockets) socket.destroy();
    },
    onNextConnection(action) {
      next = action;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
