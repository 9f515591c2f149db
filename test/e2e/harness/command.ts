import { spawn } from 'node:child_process';

/** How a command ended and what it said. */
export interface CommandResult {
  readonly command: string;
  /** The exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether it was stopped because it took longer than allowed. */
  readonly timedOut: boolean;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds after which it is interrupted, as a person would with Ctrl-C. */
  readonly timeout?: number;
}

const outputLimit = 32 * 1024 * 1024;

/** What every child process gets: nothing of the tester's own settings, keys, proxies or language. */
export const baseEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
};

/** Runs a command to its end. It never throws for how the command ends. */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(file, args, {
    env: { ...baseEnvironment, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  let timedOut = false;
  const timers: NodeJS.Timeout[] = [];
  timers.push(
    setTimeout(() => {
      timedOut = true;
      child.kill('SIGINT');
      timers.push(setTimeout(() => child.kill('SIGKILL'), 3000));
    }, options.timeout ?? 120_000),
  );
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code));
    });
    const command = [file, ...args].join(' ');
    return { command, status, stdout: stdout(), stderr: stderr(), timedOut };
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

/** Runs a command that has to succeed, and returns what it printed. */
export async function mustRun(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await runCommand(file, args, options);
  if (result.status !== 0) throw new Error(describeResult(result));
  return result.stdout;
}

/** The command, how it ended and the end of what it said, for a message. */
export function describeResult(result: CommandResult): string {
  const ending = result.timedOut ? 'took too long' : `exit status ${result.status}`;
  return `${result.command}\n  ${ending}\n${result.stdout.slice(-4000)}\n${result.stderr.slice(-4000)}`;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= outputLimit) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
