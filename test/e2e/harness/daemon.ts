import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { baseEnvironment } from './command.ts';

/** A server that this test started. Disposing of it ends it, by its own process id. */
export interface Daemon extends AsyncDisposable {
  readonly pid: number;
  /** What it has written so far, on both outputs. */
  log(): string;
  signal(name: NodeJS.Signals): void;
}

export interface DaemonOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly cwd?: string;
  /** Another user to run as, for root. */
  readonly uid?: number;
  readonly gid?: number;
  /** Asked every 50 ms until it says true. */
  readonly ready: (log: string) => boolean | Promise<boolean>;
  /** Milliseconds that it may take to get ready, and to end. */
  readonly patience?: number;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a server and waits until it is ready. */
export async function startDaemon(
  file: string,
  args: readonly string[],
  options: DaemonOptions,
): Promise<Daemon> {
  const patience = options.patience ?? 30_000;
  const output = openSync(options.logFile, 'a');
  const child = spawn(file, args, {
    env: { ...baseEnvironment, ...options.env },
    stdio: ['ignore', output, output],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  closeSync(output);
  running.add(child);
  const ended = once(child, 'exit').finally(() => running.delete(child));
  ended.catch(() => undefined);
  const log = () => readFileSync(options.logFile, 'utf8');
  const daemon: Daemon = {
    pid: child.pid ?? 0,
    log,
    signal: (name) => void child.kill(name),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const stopped = await Promise.race([ended.then(() => true), sleep(patience, false, { ref: false })]);
      if (stopped) return;
      child.kill('SIGKILL');
      await ended;
    },
  };
  const deadline = Date.now() + patience;
  while (!(await options.ready(log()))) {
    const over = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    if (over || Date.now() > deadline) {
      await daemon[Symbol.asyncDispose]();
      throw new Error(`${file} ${over ? 'ended' : 'was not ready'}:\n${log().slice(-4000)}`);
    }
    await sleep(50);
  }
  return daemon;
}
