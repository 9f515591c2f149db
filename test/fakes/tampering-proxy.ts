import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ProxiedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | 'endless';
}

/** A registry that passes on what another one answers, and lies where it is told to. */
export interface TamperingProxy extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** How answers are changed; undefined passes them on. */
  change: ((path: string, answer: ProxiedAnswer) => ProxiedAnswer | undefined) | undefined;
  /** What was answered so far, by path: replayed, it is a state held back. */
  readonly answers: Map<string, ProxiedAnswer>;
}

/** `origin` is `http://host:port`. */
export async function startTamperingProxy(origin: string): Promise<TamperingProxy> {
  const answers = new Map<string, ProxiedAnswer>();
  const server = createServer((request, response) => {
    void (async () => {
      const path = request.url ?? '/';
      const { accept = '*/*' } = request.headers;
      const answered = await fetch(`${origin}${path}`, { headers: { accept } });
      const headers = Object.fromEntries(
        [...answered.headers].filter(([name]) =>
          ['content-type', 'docker-content-digest', 'x-registry-supports-signatures'].includes(name),
        ),
      );
      const honest = { status: answered.status, headers, body: new Uint8Array(await answered.arrayBuffer()) };
      const { status, headers: sent, body } = proxy.change?.(path, honest) ?? honest;
      answers.set(path, honest);
      response.writeHead(status, sent);
      if (body !== 'endless') {
        response.end(body);
        return;
      }
      const piece = Buffer.alloc(64 * 1024, ' ');
      const closed = new Promise<void>((resolve) => {
        response.once('close', resolve);
      });
      while (!response.destroyed) {
        if (response.write(piece)) continue;
        const drained = new Promise<void>((resolve) => {
          response.once('drain', resolve);
        });
        await Promise.race([drained, closed]);
      }
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: TamperingProxy = {
    host: `127.0.0.1:${port}`,
    change: undefined,
    answers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}
