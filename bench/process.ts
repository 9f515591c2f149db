import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs a command to its end. Throws with what it printed when it fails. */
export function runCommand(command: string, args: readonly string[]): string {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (result.error !== undefined) throw new Error(`${command} cannot be run: ${result.error.message}`);
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** Runs a command of Signpost's own to its end. */
export function runSignpost(...args: readonly string[]): string {
  const root = join(import.meta.dirname, '..');
  return runCommand(join(root, 'node_modules/.bin/node'), [join(root, 'src/cli/main.ts'), ...args]);
}

/** A server that the benchmark started. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
}

/** Starts a server on one core; `ready` is awaited before it is returned. */
export async function startServer(
  core: number,
  command: readonly string[],
  ready: (process: ChildProcess) => Promise<void>,
): Promise<Server> {
  const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  try {
    await Promise.race([
      ready(child),
      exited.then(() => {
        throw new Error(`${command.join(' ')} ended before it was ready`);
      }),
    ]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}

/** Waits until `url` answers with a status below 400. */
export async function waitFor(url: string, seconds = 60): Promise<void> {
  for (let attempt = 0; attempt < seconds * 10; attempt += 1) {
    try {
      const response = await fetch(url, { redirect: 'manual' });
      await response.body?.cancel();
      if (response.status < 400) return;
    } catch {
      // Not listening yet.
    }
    await sleep(100);
  }
  throw new Error(`${url} did not answer within ${seconds} s`);
}

/** Resident memory of a process, in MiB. */
export function residentMemory(pid: number): number {
  return memoryField(pid, 'VmRSS');
}

/** The most resident memory that a process has had, in MiB. */
export function peakMemory(pid: number): number {
  return memoryField(pid, 'VmHWM');
}

function memoryField(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const line = status.split('\n').find((one) => one.startsWith(`${name}:`));
  return Number.parseInt(line?.slice(name.length + 1) ?? '', 10) / 1024;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
