import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { Certificates } from './certificates.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { startNginx } from './nginx-mirror.ts';
import { findFreePort } from './ports.ts';
import type { Program } from './requirements.ts';
import type { WorkFolder } from './work-folder.ts';

/** A web server with the configuration that the project hands out, but for names, ports, certificates and folders. */
export interface PackagedMirror extends AsyncDisposable {
  /** `localhost:8443`. */
  readonly host: string;
}

interface Settings {
  readonly work: WorkFolder;
  readonly certificates: Certificates;
  /** The folder that it serves. */
  readonly root: string;
}

const packaging = join(import.meta.dirname, '../../../packaging');

/** How each server is started, by the program that it is. */
export const packagedMirrors: ReadonlyMap<Program, (settings: Settings) => Promise<PackagedMirror>> = new Map(
  [
    ['nginx', startPackagedNginx],
    ['apache2', startApache],
    ['caddy', startCaddy],
  ],
);

async function startPackagedNginx({ work, certificates, root }: Settings): Promise<PackagedMirror> {
  const port = await findFreePort();
  const example = readFileSync(join(packaging, 'nginx/signpost-mirror.conf'), 'utf8')
    .replaceAll(/^ *#.*\n/gm, '')
    .replaceAll(/^ *(?:listen|server_name|ssl_certificate|ssl_certificate_key|root) .*\n/gm, '');
  const locations = /^server \{([^]*)\}\s*$/.exec(example)?.[1];
  if (locations === undefined) throw new Error('the example for nginx has another form');
  const server = [
    `listen 127.0.0.1:${port} ssl;`,
    `ssl_certificate ${certificates.certificate}; ssl_certificate_key ${certificates.key};`,
    `root ${root};`,
    locations,
  ];
  const daemon = await startNginx(work, `packaged-${port}`, server, work.file(`nginx-${port}-access.log`));
  return mirrorOf(port, daemon);
}

async function startApache({ work, certificates, root }: Settings): Promise<PackagedMirror> {
  const port = await findFreePort();
  const folder = work.folder(`apache-${port}`);
  // It does not serve as root, and has to come by here.
  chmodSync(dirname(root), 0o711);
  const site = adapt('apache/signpost-mirror.conf', certificates, root).replace('*:443', `127.0.0.1:${port}`);
  const needed = ['ssl', 'socache_shmcb', 'rewrite', 'headers'];
  // What Debian has switched on, and a little more: everything would be compressed.
  const usual = ['mpm_event', 'authz_core', 'dir', 'env', 'filter', 'mime', 'setenvif', 'deflate'];
  const modules = [...usual, ...needed];
  const configuration = join(folder, 'apache2.conf');
  writeFileSync(
    configuration,
    `ServerName localhost
    ServerRoot ${folder}
    Listen 127.0.0.1:${port}
    PidFile ${folder}/pid
    DefaultRuntimeDir ${folder}
    User www-data
    Group www-data
    TypesConfig /dev/null
    SetOutputFilter DEFLATE
    ErrorLog ${folder}/error.log
    ${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
    ${site}\n`,
  );
  const daemon = await startDaemon('apache2', ['-D', 'FOREGROUND', '-f', configuration], {
    logFile: join(folder, 'output.log'),
    ready: () => answersOn(port),
  });
  return mirrorOf(port, daemon);
}

async function startCaddy({ work, certificates, root }: Settings): Promise<PackagedMirror> {
  const port = await findFreePort();
  const folder = work.folder(`caddy-${port}`);
  const { certificate, key } = certificates;
  const site = adapt('caddy/signpost-mirror.caddyfile', certificates, root).replace(
    'mirror.example.org {',
    `https://localhost:${port} {\n\tbind 127.0.0.1\n\ttls ${certificate} ${key}`,
  );
  const configuration = join(folder, 'Caddyfile');
  writeFileSync(configuration, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
  const daemon = await startDaemon('caddy', ['run', '--config', configuration, '--adapter', 'caddyfile'], {
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    logFile: join(folder, 'output.log'),
    ready: () => answersOn(port),
  });
  return mirrorOf(port, daemon);
}

function adapt(example: string, { certificate, key }: Certificates, root: string): string {
  return readFileSync(join(packaging, example), 'utf8')
    .replaceAll('/etc/ssl/mirror.example.org/fullchain.pem', certificate)
    .replaceAll('/etc/ssl/mirror.example.org/privkey.pem', key)
    .replaceAll('/srv/signpost-mirror', root)
    .replace('ServerName mirror.example.org', 'ServerName localhost');
}

function mirrorOf(port: number, daemon: Daemon): PackagedMirror {
  return { host: `localhost:${port}`, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}

function answersOn(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
