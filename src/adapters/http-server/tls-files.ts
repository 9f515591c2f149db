import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { SignpostError } from '../../oci/errors.ts';
import type { Log } from '../../ports/log.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/** Files with a certificate chain and its private key, in PEM. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const pollInterval = 1000;

/**
 * Reads the pair and watches it. `replace` is called with each new pair that fits together; one that does not is
 * logged once, and the old one stays. The files are polled: renames over links, as certificate tools make them, are
 * seen on every file system.
 * @throws SignpostError CONFIG_INVALID when the first pair cannot be used
 */
export async function watchTlsFiles(
  files: TlsFiles,
  log: Log,
  replace: (pair: TlsPair) => void,
): Promise<{ readonly pair: TlsPair; stop(): void }> {
  let seen = await fingerprint(files);
  const pair = await readTlsPair(files);
  let busy = false;

  const check = async () => {
    const now = await fingerprint(files);
    if (now === seen) return;
    seen = now;
    try {
      replace(await readTlsPair(files));
      log.info('certificate replaced', { certificate: files.certificate });
    } catch (error) {
      log.error('new certificate not used: the old one stays', { certificate: files.certificate, error });
    }
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void check().finally(() => {
      busy = false;
    });
  }, pollInterval);
  timer.unref();
  return { pair, stop: () => clearInterval(timer) };
}

/**
 * Reads a pair and tries it.
 * @throws SignpostError CONFIG_INVALID
 */
export async function readTlsPair(files: TlsFiles): Promise<TlsPair> {
  try {
    const [cert, key] = await waitForAll([readFile(files.certificate), readFile(files.key)]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SignpostError(
      'CONFIG_INVALID',
      `cannot use the certificate ${files.certificate} with the key ${files.key}: ${reason}`,
      { cause },
    );
  }
}

/** What changes when a file is written or replaced. A file that is not there has one too. */
async function fingerprint(files: TlsFiles): Promise<string> {
  const parts = await waitForAll(
    [files.certificate, files.key].map(async (path) => {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        return `${mtimeMs} ${size} ${ino}`;
      } catch {
        return 'absent';
      }
    }),
  );
  return parts.join(', ');
}
