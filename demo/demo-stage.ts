import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Child, startChild } from './child-process.ts';
import type { MirrorSent } from './demo-event.ts';
import type { DemoMirror, DemoPaths } from './demo-world.ts';
import { type ErrorCode, SignpostError } from '../src/oci/errors.ts';
import { childEnvironment } from '../src/cli/config/config.ts';
import { exitCodes } from '../src/cli/terminal/exit-codes.ts';
import { waitForAll } from '../src/parallel/wait-for-all.ts';

const inCheckout = (path: string) => join(import.meta.dirname, path);
const program = inCheckout('../src/cli/main.ts');
const mirrorProcess = inCheckout('mirror-process.ts');
const endWithParent = pathToFileURL(inCheckout('end-with-parent.ts')).href;

/** The processes of a demo. When one that ought to run dies, everything ends. */
export class DemoStage {
  readonly #stop = new AbortController();
  readonly #running: Child[] = [];
  readonly #asked: AbortSignal;
  readonly #onHangUp = () => this.#stop.abort();
  #death: SignpostError | undefined;

  constructor(asked: AbortSignal) {
    this.#asked = asked;
    asked.addEventListener('abort', this.#onHangUp);
    if (asked.aborted) this.#stop.abort();
    // A terminal that is closed stops the demo like Ctrl-C does.
    process.on('SIGHUP', this.#onHangUp);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Runs a command of signpost to its end. */
  async run(args: readonly string[]): Promise<void> {
    this.#check();
    const child = this.#spawn(`signpost ${args[0] ?? ''}`, [program, ...args], {});
    const onAbort = () => void child.stop();
    this.signal.addEventListener('abort', onAbort);
    const { status, message } = await child.ended;
    this.signal.removeEventListener('abort', onAbort);
    this.#check();
    if (status !== exitCodes.ok) throw new SignpostError(errorCodes.get(status) ?? 'STORAGE', message);
  }

  /** Starts a command of signpost that is to run until the demo ends. */
  start(args: readonly string[], log: string): void {
    this.#check();
    const child = this.#spawn(`signpost ${args[0] ?? ''}`, ['--import', endWithParent, program, ...args], {
      log,
    });
    this.#watch(child);
  }

  async startMirror(
    mirror: DemoMirror,
    paths: DemoPaths,
    onSent: (sent: MirrorSent) => void,
  ): Promise<number> {
    this.#check();
    const port = Promise.withResolvers<number>();
    const files = [paths.mirrorRoot(mirror), mirror.address];
    const tls = [paths.mirrorCertificate(mirror), paths.mirrorKey(mirror)];
    const child = this.#spawn(mirror.name, [mirrorProcess, ...files, ...tls], {
      onLine: (line) => {
        const told = JSON.parse(line) as
          ({ event: 'sent' } & MirrorSent) | { event: 'listening'; port: number };
        if (told.event === 'listening') port.resolve(told.port);
        else onSent(told);
      },
    });
    this.#watch(child);
    const stopped = this.untilStopped().then(() => port.promise);
    return Promise.race([port.promise, stopped]);
  }

  async wait(milliseconds: number): Promise<void> {
    await wait(milliseconds, undefined, { signal: this.signal }).catch(() => undefined);
    this.#check();
  }

  /** Resolves when the demo was asked to stop; rejects when something of it died. */
  async untilStopped(): Promise<void> {
    if (!this.signal.aborted) {
      await new Promise((resolve) => {
        this.signal.addEventListener('abort', resolve, { once: true });
      });
    }
    if (this.#death !== undefined) throw this.#death;
  }

  /** What really ended the demo, when `error` is only what came of it. */
  reason(error: unknown): unknown {
    if (this.#death !== undefined) return this.#death;
    return this.signal.aborted
      ? new SignpostError('CANCELLED', 'the demo was stopped', { cause: error })
      : error;
  }

  async close(): Promise<void> {
    this.#asked.removeEventListener('abort', this.#onHangUp);
    const running = this.#running.splice(0);
    await waitForAll(running.map((child) => child.stop()));
    process.off('SIGHUP', this.#onHangUp);
  }

  #spawn(
    name: string,
    args: readonly string[],
    more: { readonly log?: string; readonly onLine?: (line: string) => void },
  ): Child {
    const child = startChild({
      name,
      command: process.execPath,
      args,
      environment: childEnvironment(),
      ...more,
    });
    this.#running.push(child);
    return child;
  }

  #watch(child: Child): void {
    void child.ended.then(({ message }) => {
      if (!this.#running.includes(child) || this.signal.aborted) return;
      this.#death = new SignpostError('UNAVAILABLE', message);
      this.#stop.abort();
    });
  }

  #check(): void {
    if (this.#death !== undefined) throw this.#death;
    if (this.signal.aborted) throw new SignpostError('CANCELLED', 'the demo was stopped');
  }
}

/** What kind of failure a command's exit status means (cli/exit-codes.ts). */
const errorCodes: ReadonlyMap<number | undefined, ErrorCode> = new Map([
  [exitCodes.usage, 'USAGE'],
  [exitCodes.refused, 'SOURCE_INVALID'],
  [exitCodes.notFound, 'NOT_FOUND'],
  [exitCodes.tryAgain, 'UNAVAILABLE'],
]);
