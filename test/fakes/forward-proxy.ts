import { createServer } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { request } from 'node:http';

/** What a proxy was asked for, and with which credentials. */
export interface SeenByProxy {
  readonly method: string;
  readonly target: string;
  readonly authorization: string | undefined;
}

export interface ForwardProxy extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly seen: readonly SeenByProxy[];
  /** Answers CONNECT with this status; 0: never. */
  refuse?: number;
}

/** A forward proxy on loopback that leads every host to `port`, as if it alone knew their names. */
export async function startForwardProxy(port: number): Promise<ForwardProxy> {
  const seen: SeenByProxy[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(({ method = '', url = '', headers }, response) => {
    seen.push({ method, target: url, authorization: headers['proxy-authorization'] });
    const { pathname, search } = new URL(url);
    const { 'proxy-authorization': _, 'proxy-connection': __, ...passedOn } = headers;
    const sent = { host: '127.0.0.1', port, path: pathname + search, method, headers: passedOn };
    const passed = request(sent, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.writeHead(502).end());
    passed.end();
  });
  server.on('connection', (socket) => void sockets.add(socket));
  server.on('connect', ({ method = '', url = '', headers }, socket: Socket) => {
    seen.push({ method, target: url, authorization: headers['proxy-authorization'] });
    socket.on('error', () => undefined);
    const { refuse } = proxy;
    if (refuse !== undefined) {
      if (refuse > 0) socket.end(`HTTP/1.1 ${refuse} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const behind = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      behind.pipe(socket).pipe(behind);
    });
    sockets.add(behind);
    behind.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: ForwardProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
