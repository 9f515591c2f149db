import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { registryName, type World } from './world.ts';

/** A blob that may be asked for. */
export interface WantedBlob {
  readonly repository: string;
  readonly digest: string;
}

/** What came of one blob: how often it was asked for, and where each answer came from. */
export interface Pull extends WantedBlob {
  readonly client: string;
  /** The answers in order: where the bytes came from (`origin` or a mirror's URL), and what was wrong with them. */
  readonly answers: readonly { readonly at: number; readonly from: string; readonly problem?: string }[];
  readonly ok: boolean;
}

export interface SteadyPulls {
  readonly pulls: readonly Pull[];
  /** Ends when those under way have ended. */
  stop(): Promise<void>;
}

const tries = 5;
const patience = 5000;
/** Milliseconds between two pulls of one client. */
const pause = 30;
/** Milliseconds before another try: podman waits as long. */
const retryPause = 1000;
const limit = 16 * 1024 * 1024;

/**
 * Small clients that go on asking for blobs: each follows the redirect, hashes what it gets, and asks again when it is
 * not what it asked for, as stock clients do. They say through a trusted proxy's header where they are, a new place for
 * each pull.
 */
export function startSteadyPulls(
  world: World,
  options: {
    /** The Mirror List's port. */
    readonly port: number;
    readonly clients: number;
    readonly newAddress: () => string;
    readonly next: () => WantedBlob;
  },
): SteadyPulls {
  const authority = readFileSync(world.certificates.authority);
  const registry = new Agent({ keepAlive: true, ca: authority });
  const pulls: Pull[] = [];
  const stopping = new AbortController();

  async function run() {
    while (!stopping.signal.aborted) {
      pulls.push(await pull(options.next(), options.newAddress()));
      await sleep(pause);
    }
  }

  async function pull(blob: WantedBlob, client: string): Promise<Pull> {
    const answers: { at: number; from: string; problem?: string }[] = [];
    for (let attempt = 0; attempt < tries; attempt += 1) {
      if (attempt > 0) await sleep(retryPause);
      const at = Date.now();
      let from = 'origin';
      try {
        const first = await ask(
          new URL(`https://127.0.0.1:${options.port}/v2/${blob.repository}/blobs/${blob.digest}`),
          { agent: registry, headers: { host: registryName, 'x-forwarded-for': client } },
        );
        const location = first.headers.location;
        if (location !== undefined) {
          first.resume();
          from = new URL(location).origin;
        }
        const problem = await check(
          location === undefined ? first : await ask(new URL(location), { agent: false }),
          blob.digest,
        );
        answers.push({ at, from, ...(problem === undefined ? {} : { problem }) });
        if (problem === undefined) return { ...blob, client, answers, ok: true };
      } catch (error) {
        answers.push({ at, from, problem: String(error) });
      }
    }
    return { ...blob, client, answers, ok: false };
  }

  async function ask(url: URL, settings: object): Promise<IncomingMessage> {
    const asked = request(url, {
      ca: authority,
      ...(url.port === String(options.port) ? { servername: registryName } : {}),
      signal: AbortSignal.timeout(patience),
      ...settings,
    });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  }

  const running = Array.from({ length: options.clients }, run);
  return {
    pulls,
    async stop() {
      stopping.abort();
      await Promise.all(running);
      registry.destroy();
    },
  };
}

/** What is wrong with the answer; undefined when nothing is. */
async function check(response: IncomingMessage, digest: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of response) {
    size += (chunk as Buffer).length;
    if (size > limit) return 'too long';
    hash.update(chunk as Buffer);
  }
  if (response.statusCode !== 200) return `status ${response.statusCode}`;
  return `sha256:${hash.digest('hex')}` === digest ? undefined : 'wrong bytes';
}
