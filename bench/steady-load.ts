import { type Socket, connect } from 'node:net';

/** One request of a steady load. Times are of performance.now(). */
export interface TimedAnswer {
  /** When the request was due, whether or not a connection was free then: waiting for one counts. */
  readonly due: number;
  readonly milliseconds: number;
}

export interface SteadyLoad {
  /** Ends the load. Throws when an answer was not a redirect. */
  stop(): readonly TimedAnswer[];
}

const connections = 32;

/** Asks for `paths` in turn, `rate` times a second whatever the answers take, each time as a new client. */
export function startSteadyLoad(port: number, paths: readonly string[], rate: number): SteadyLoad {
  const answers: TimedAnswer[] = [];
  const wrong: string[] = [];
  const waiting: number[] = [];
  const free: Connection[] = [];
  const all = Array.from({ length: connections }, () =>
    openConnection(port, (connection, due, status) => {
      answers.push({ due, milliseconds: performance.now() - due });
      if (!status.startsWith('HTTP/1.1 307')) wrong.push(status);
      const next = waiting.shift();
      if (next === undefined) free.push(connection);
      else send(connection, next);
    }),
  );
  free.push(...all);
  let sent = 0;
  const send = (connection: Connection, due: number) => {
    const path = paths[sent % paths.length] ?? '/';
    const client = `127.${(sent >>> 16) & 255}.${(sent >>> 8) & 255}.${sent & 255}`;
    sent += 1;
    connection.ask(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ${client}\r\n\r\n`, due);
  };
  const start = performance.now();
  let due = start;
  const timer = setInterval(() => {
    for (; due <= performance.now(); due += 1000 / rate) {
      // Each in its turn: the server closes connections that ask for nothing.
      const connection = free.shift();
      if (connection === undefined) waiting.push(due);
      else send(connection, due);
    }
  }, 1);
  return {
    stop() {
      clearInterval(timer);
      for (const { socket } of all) socket.destroy();
      if (wrong.length > 0) throw new Error(`${wrong.length} answers were wrong, as ${wrong[0]}`);
      return answers;
    },
  };
}

/** The percentiles of latencies, in milliseconds, as text. */
export function describeLatencies(answers: readonly TimedAnswer[]): string {
  const sorted = Float64Array.from(answers, ({ milliseconds }) => milliseconds).sort();
  const at = (share: number) => (sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN).toFixed(2);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, longest ${at(1)} ms of ${sorted.length} requests`;
}

interface Connection {
  readonly socket: Socket;
  ask(request: string, due: number): void;
}

function openConnection(
  port: number,
  onAnswer: (connection: Connection, due: number, status: string) => void,
): Connection {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  let asked = 0;
  let received = '';
  const connection: Connection = {
    socket,
    ask(request, due) {
      asked = due;
      socket.write(request);
    },
  };
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    received += text;
    const head = received.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/^content-length: (\d+)\r$/im.exec(received.slice(0, head + 2))?.[1] ?? 0);
    if (received.length < head + 4 + length) return;
    const status = received.slice(0, received.indexOf('\r\n'));
    received = '';
    onAnswer(connection, asked, status);
  });
  return connection;
}
