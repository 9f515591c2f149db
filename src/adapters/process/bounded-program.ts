import { type ChildProcess, spawn } from 'node:child_process';
import { SignpostError } from '../../oci/errors.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/** A program that answers on its standard output. */
export interface Program {
  /** Found on the PATH, or a path. */
  readonly file: string;
  readonly args: readonly string[];
  /** Milliseconds until it is stopped. */
  readonly timeout: number;
  /** Bytes that it may write. */
  readonly outputLimit: number;
  /** Stops it. */
  readonly signal?: AbortSignal;
  /** Undefined: the one of this process. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
}

/**
 * Runs a program, without a shell, hands it `input` and returns what it wrote.
 * @throws SignpostError UNAVAILABLE when it cannot be run, DENIED when it fails or takes too long, LIMIT_EXCEEDED, CANCELLED
 */
export async function runBounded(program: Program, input: Uint8Array | undefined): Promise<Uint8Array> {
  const { file, args, timeout, outputLimit, environment, signal } = program;
  if (signal?.aborted === true) throw new SignpostError('CANCELLED', `${file} was not run`);
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(environment === undefined ? {} : { env: environment }),
  });
  let late = false;
  // SIGKILL: a program that hangs may hang in its handler of SIGTERM too.
  const stop = () => {
    child.kill('SIGKILL');
    // What the program started may hold its output open for longer than it lives.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, timeout);
  let stopped = false;
  const abort = () => {
    stopped = true;
    stop();
  };
  signal?.addEventListener('abort', abort, { once: true });
  // A program that ends before it has read everything says why on its standard error.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  try {
    const [output, errors, status] = await waitForAll([
      collect(child, child.stdout, outputLimit),
      collect(child, child.stderr, outputLimit),
      ended(child, file),
    ]);
    if (stopped) throw new SignpostError('CANCELLED', `${file} was stopped`);
    if (late) throw new SignpostError('DENIED', `${file} did not answer in ${timeout / 1000} seconds`);
    if (output === undefined || errors === undefined) {
      throw new SignpostError('LIMIT_EXCEEDED', `${file} wrote more than ${outputLimit} bytes`);
    }
    if (status === 0) return output;
    const said = errors.toString().trim().slice(-1000);
    throw new SignpostError('DENIED', `${file} failed (${String(status)}): ${said}`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function ended(child: ChildProcess, file: string): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => {
      reject(new SignpostError('UNAVAILABLE', `cannot run ${file}: ${cause.message}`, { cause }));
    });
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
}

/** Everything that was written; undefined when it was too much, upon which the program is stopped. */
function collect(
  child: ChildProcess,
  stream: NodeJS.ReadableStream,
  limit: number,
): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    stream.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size <= limit) pieces.push(piece);
      else child.kill('SIGKILL');
    });
    stream.on('error', reject);
    stream.on('close', () => resolve(size > limit ? undefined : Buffer.concat(pieces)));
  });
}
