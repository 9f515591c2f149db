import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SignpostError } from '../src/oci/errors.ts';
import { waitForAll } from '../src/parallel/wait-for-all.ts';

const run = promisify(execFile);

/** The largest tarball that is read, in bytes. */
const tarballLimit = 64 * 1024 * 1024;
const fetchTimeout = 300_000;

/** A package of the npm registry at one exact version; `integrity` is `sha512-<base64>`. */
interface Package {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

/** Fetches packages through npm itself, so that whatever npm is configured with (proxy, mirror, login) holds. */
export class NpmPackages {
  readonly #cache: string;
  readonly #command: string;

  /** Tarballs are kept in the folder `cache`, and checked again each time they are read from it. */
  constructor(cache: string, command = 'npm') {
    this.#cache = cache;
    this.#command = command;
  }

  /** Which of `packages` npm will be asked for. */
  async missing<P extends Package>(packages: readonly P[]): Promise<readonly P[]> {
    const found = await waitForAll(packages.map((item) => this.#readCached(item)));
    return packages.filter((_, index) => found[index] === undefined);
  }

  /**
   * The tarballs of `packages`, in their order.
   * @throws SignpostError UNAVAILABLE when npm cannot fetch one, DIGEST_MISMATCH when one is not what was pinned
   */
  async fetch(packages: readonly Package[], signal: AbortSignal): Promise<readonly Buffer[]> {
    const missing = await this.missing(packages);
    if (missing.length > 0) await this.#download(missing, signal);
    return waitForAll(
      packages.map(async (item) => {
        const bytes = await this.#readCached(item);
        if (bytes !== undefined) return bytes;
        throw new SignpostError('UNAVAILABLE', `${describe(item)} is gone from ${this.#cache}`);
      }),
    );
  }

  async #readCached(item: Package): Promise<Buffer | undefined> {
    const path = join(this.#cache, fileName(item));
    const size = (await stat(path).catch(() => undefined))?.size ?? Infinity;
    if (size > tarballLimit) return undefined;
    const bytes = await readFile(path);
    return integrityOf(bytes) === item.integrity ? bytes : undefined;
  }

  async #download(packages: readonly Package[], signal: AbortSignal): Promise<void> {
    await mkdir(this.#cache, { recursive: true });
    // On the same file system as the cache, so that what was checked can be renamed into it.
    const folder = await mkdtemp(join(this.#cache, 'fetch-'));
    try {
      for (const item of packages) await this.#downloadOne(item, folder, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #downloadOne(item: Package, folder: string, signal: AbortSignal): Promise<void> {
    const into = await mkdtemp(join(folder, 'package-'));
    try {
      const args = ['pack', describe(item), '--pack-destination', into, '--loglevel', 'error'];
      await run(this.#command, args, { cwd: into, signal, timeout: fetchTimeout });
    } catch (cause) {
      if (signal.aborted) throw new SignpostError('CANCELLED', 'stopped while npm was fetching', { cause });
      throw new SignpostError('UNAVAILABLE', explain(item, cause), { cause });
    }
    const [tarball] = (await readdir(into)).filter((name) => name.endsWith('.tgz'));
    if (tarball === undefined) {
      throw new SignpostError('UNAVAILABLE', `npm pack ${describe(item)} succeeded but left no tarball`);
    }
    const found = integrityOf(await readFile(join(into, tarball)));
    if (found !== item.integrity) {
      throw new SignpostError(
        'DIGEST_MISMATCH',
        `npm gave a tarball of ${describe(item)} that is not the pinned one: it has ${found}, ` +
          `expected ${item.integrity}. The registry or the proxy that npm uses changed it.`,
      );
    }
    await rename(join(into, tarball), join(this.#cache, fileName(item)));
  }
}

function integrityOf(bytes: Uint8Array): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}

function fileName(item: Package): string {
  return `${item.name.replace('@', '').replace('/', '-')}-${item.version}.tgz`;
}

function describe(item: Package): string {
  return `${item.name}@${item.version}`;
}

function explain(item: Package, cause: unknown): string {
  const { code, stderr } = cause as { code?: unknown; stderr?: string };
  const why =
    code === 'ENOENT'
      ? 'there is no npm on the PATH'
      : (stderr ?? '').trim().split('\n').slice(0, 3).join('; ') || (cause as Error).message;
  return (
    `npm could not fetch ${describe(item)}: ${why}\n` +
    'The demo image is made from this package. Check the network and npm\'s own settings with "npm ping", ' +
    'or bring an image of your own: --image <source>, such as --image oci:<folder>.'
  );
}
