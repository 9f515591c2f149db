import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { baseEnvironment } from './command.ts';

/** Which Debian package brings each program. bin/test installs the same ones. */
const packageOf = {
  apache2: 'apache2-bin',
  aria2c: 'aria2',
  caddy: 'caddy',
  containerd: 'containerd',
  ctr: 'containerd',
  curl: 'curl',
  docker: 'docker.io',
  dockerd: 'docker.io',
  gpg: 'gnupg',
  nginx: 'nginx-light',
  notary: 'notary',
  openssl: 'openssl',
  podman: 'podman',
  postgres: 'postgresql',
  rsync: 'rsync',
  skopeo: 'skopeo',
  tinyproxy: 'tinyproxy-bin',
  sqlite3: 'sqlite3',
} as const;

export type Program = keyof typeof packageOf;

/** What cannot store images without mounting or giving files away. */
const rootOnly: ReadonlySet<Program> = new Set(['containerd', 'dockerd', 'podman']);

/**
 * What a test needs and this machine lacks, as options for node:test: a skip that names the reason. In CI nothing is
 * skipped: the test runs and fails by what is missing.
 */
export function requirements(...programs: Program[]): { readonly skip?: string } {
  const missing = programs.filter((program) => !isInstalled(program));
  const reasons = [
    ...(process.getuid?.() !== 0 && programs.some((program) => rootOnly.has(program))
      ? ['it has to run as root']
      : []),
    ...missing.map((program) => `${program} is missing (Debian package ${packageOf[program]})`),
  ];
  return reasons.length === 0 || process.env.CI === 'true' ? {} : { skip: reasons.join('; ') };
}

function isInstalled(program: string): boolean {
  // Debian keeps the programs of each version of PostgreSQL in a folder of its own.
  const folders = program === 'postgres' ? [postgresPrograms() ?? ''] : [];
  return [...(baseEnvironment.PATH ?? '').split(':'), ...folders].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The folder with the newest PostgreSQL server's programs; undefined when there is none. */
export function postgresPrograms(): string | undefined {
  try {
    const root = '/usr/lib/postgresql';
    const versions = readdirSync(root).filter((name) => /^\d+$/.test(name));
    const [newest] = versions.sort((a, b) => Number(b) - Number(a));
    return newest === undefined ? undefined : join(root, newest, 'bin');
  } catch {
    return undefined;
  }
}
