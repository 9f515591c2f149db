import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Certificates } from './certificates.ts';
import { baseEnvironment } from './command.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { findFreePort } from './ports.ts';
import { postgresPrograms } from './requirements.ts';
import type { WorkFolder } from './work-folder.ts';

/** A PostgreSQL server of this test alone, on a loopback port. */
export interface PostgresServer extends AsyncDisposable {
  readonly passwordFile: string;
  readonly password: string;
  /** Makes an empty database and gives its URL, which has no password. */
  createDatabase(): Promise<string>;
  /** Ends all connections to a database but its own. */
  dropConnections(url: string): Promise<void>;
}

export interface PostgresOptions {
  /** Connections without TLS are refused. The certificate is for the name "localhost". */
  readonly tls?: Pick<Certificates, 'authority' | 'certificate' | 'key'>;
}

/** Starts a server that forgets everything when the machine crashes, and is all the faster for it. */
export async function startPostgres(
  work: WorkFolder,
  { tls }: PostgresOptions = {},
): Promise<PostgresServer> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error('PostgreSQL is missing (Debian package postgresql)');
  const owner = serverOwner();
  const own = (path: string) => {
    if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
    return path;
  };
  const name = tls === undefined ? 'postgres' : 'postgres-tls';
  const home = own(work.folder(name));
  // The server's user has to reach it.
  own(work.path);
  const data = join(home, 'data');
  mkdirSync(data, { mode: 0o700 });
  own(data);
  const password = 'correct horse battery staple';
  const passwordFile = join(home, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  own(passwordFile);
  const authentication = ['--username=signpost', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  execFileSync(
    join(programs, 'initdb'),
    [`--pgdata=${data}`, '--encoding=UTF8', '--no-locale', '--no-sync', ...authentication],
    { ...owner, env: baseEnvironment, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const port = await findFreePort();
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'fsync=off'];
  if (tls !== undefined) {
    const copy = (from: string, to: string) => {
      copyFileSync(from, join(data, to));
      chmodSync(own(join(data, to)), 0o600);
    };
    copy(tls.certificate, 'server.crt');
    copy(tls.key, 'server.key');
    settings.push('ssl=on');
    writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  }
  const daemon: Daemon = await startDaemon(
    join(programs, 'postgres'),
    ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    {
      ...owner,
      cwd: home,
      logFile: own(emptyFile(work.file(`${name}.log`))),
      ready: (log) => log.includes('ready to accept connections'),
    },
  );
  const host = tls === undefined ? '127.0.0.1' : 'localhost';
  const urlOf = (name: string) => `postgres://signpost@${host}:${port}/${name}`;
  let databases = 0;
  const asAdministrator = async (sql: string, values: unknown[] = []) => {
    const client = new pg.Client({
      host,
      port,
      user: 'signpost',
      password,
      database: 'postgres',
      ...(tls === undefined ? {} : { ssl: { ca: readFileSync(tls.authority) } }),
    });
    await client.connect();
    try {
      await client.query(sql, values);
    } finally {
      await client.end();
    }
  };
  return {
    passwordFile,
    password,
    async createDatabase() {
      databases += 1;
      await asAdministrator(`CREATE DATABASE test_${databases}`);
      return urlOf(`test_${databases}`);
    },
    dropConnections: (url) =>
      asAdministrator('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
        new URL(url).pathname.slice(1),
      ]),
    async [Symbol.asyncDispose]() {
      // At once, whoever is connected.
      daemon.signal('SIGQUIT');
      await daemon[Symbol.asyncDispose]();
    },
  };
}

/** PostgreSQL refuses to run as root: then it runs as the user that Debian's package has made. */
function serverOwner(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = statSync('/var/lib/postgresql');
  return { uid, gid };
}

function emptyFile(path: string): string {
  writeFileSync(path, '');
  return path;
}
