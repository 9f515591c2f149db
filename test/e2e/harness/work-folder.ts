import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

/** A folder of this test alone. */
export interface WorkFolder {
  readonly path: string;
  /** The path of a file in it, whose folder exists. */
  file(...names: string[]): string;
  /** A new folder in it. */
  folder(...names: string[]): string;
  /** Copies what the servers logged to a place where it can be read later, and returns that place. */
  keepLogs(name: string): string;
  remove(): void;
}

const kept = join(import.meta.dirname, '../../../.cache/e2e-logs');

/** Makes a folder under the system's temporary one. Its name is short: paths of sockets may have 107 bytes. */
export function createWorkFolder(): WorkFolder {
  const path = mkdtempSync(join(tmpdir(), 'sp-'));
  const folder = (...names: string[]) => {
    const made = join(path, ...names);
    mkdirSync(made, { recursive: true });
    return made;
  };
  return {
    path,
    folder,
    file(...names) {
      folder(...names.slice(0, -1));
      return join(path, ...names);
    },
    keepLogs(name) {
      const target = join(kept, name.replaceAll(/[^a-zA-Z0-9]+/g, '-').slice(0, 80));
      rmSync(target, { recursive: true, force: true });
      mkdirSync(target, { recursive: true });
      for (const file of readdirSync(path).filter((entry) => entry.endsWith('.log')))
        if (statSync(join(path, file)).isFile()) cpSync(join(path, file), join(target, file));
      return target;
    },
    remove() {
      unmountBelow(path);
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** A daemon may leave its own folder mounted on itself where the system's mounts are not shared. */
function unmountBelow(path: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((folder) => folder.startsWith(`${path}/`));
  for (const folder of mounts.toReversed()) execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
}
