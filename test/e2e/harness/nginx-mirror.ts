import { readFileSync, writeFileSync } from 'node:fs';
import { type Daemon, startDaemon } from './daemon.ts';
import type { Certificates } from './certificates.ts';
import { mustRun } from './command.ts';
import { findFreePort } from './ports.ts';
import type { WorkFolder } from './work-folder.ts';

/** One line of a web server's access log. */
export interface Access {
  readonly method: string;
  /** The path, as it was asked for. */
  readonly path: string;
  readonly status: number;
  readonly agent: string;
}

/** A mirror as a volunteer runs it: nginx with a copy of the tree and nothing else. */
export interface NginxMirror extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** The folder with its copy. */
  readonly root: string;
  /** Copies the tree: content first, the marker last. */
  sync(tree: string): Promise<void>;
  /** Goes on with other lines in its configuration, and with another certificate where one is named. */
  configure(lines: readonly string[], certificates?: ServerCertificate): Promise<void>;
  accesses(): readonly Access[];
  stop(): Promise<void>;
  start(): Promise<void>;
}

type ServerCertificate = Pick<Certificates, 'certificate' | 'key'>;

/** Starts nginx on `address`; it is empty until it is synced. */
export async function startNginxMirror(
  work: WorkFolder,
  options: { readonly name: string; readonly address: string; readonly certificates: ServerCertificate },
): Promise<NginxMirror> {
  const { name, address } = options;
  const port = await findFreePort(address);
  const host = address.includes(':') ? `[${address}]` : address;
  const root = work.folder(`mirror-${name}`);
  const accessLog = work.file(`${name}-access.log`);
  let { certificates } = options;
  let further: readonly string[] = [];
  const server = () => [
    `listen ${host}:${port} ssl;`,
    `ssl_certificate ${certificates.certificate};`,
    `ssl_certificate_key ${certificates.key};`,
    `root ${root};`,
    ...further,
  ];
  writeFileSync(accessLog, '');
  let daemon: Daemon | undefined;
  const mirror: NginxMirror = {
    name,
    url: `https://${host}:${port}`,
    root,
    async sync(tree) {
      await mustRun('rsync', ['-aH', '--exclude=/publication.json', `${tree}/`, root]);
      await mustRun('rsync', ['-aH', `${tree}/`, root]);
    },
    accesses: () => readFileSync(accessLog, 'utf8').split('\n').flatMap(parseAccess),
    async start() {
      daemon ??= await startNginx(work, name, server(), accessLog);
    },
    async configure(lines, other = certificates) {
      further = lines;
      certificates = other;
      await mirror.stop();
      await mirror.start();
    },
    async stop() {
      await daemon?.[Symbol.asyncDispose]();
      daemon = undefined;
    },
    async [Symbol.asyncDispose]() {
      await mirror.stop();
    },
  };
  await mirror.start();
  return mirror;
}

/** Starts an nginx with one server block. */
export async function startNginx(
  work: WorkFolder,
  name: string,
  server: readonly string[],
  accessLog: string,
): Promise<Daemon> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${work.folder(`nginx-${name}`)}/${kind};`,
  );
  const configuration = work.file(`nginx-${name}.conf`);
  const pidFile = work.file(`nginx-${name}.pid`);
  writeFileSync(
    configuration,
    `user root; worker_processes 1; daemon off; pid ${pidFile}; error_log stderr info;
    events { worker_connections 512; }
    http {
      ${temporary.join(' ')}
      default_type application/octet-stream;
      sendfile on;
      log_format plain '$status $request_method $request_uri "$http_user_agent"';
      access_log ${accessLog} plain;
      server { ${server.join(' ')} }
    }\n`,
  );
  const logFile = work.file(`nginx-${name}.log`);
  return startDaemon('nginx', ['-e', logFile, '-c', configuration], {
    logFile,
    ready: (log) => log.includes('start worker process '),
  });
}

function parseAccess(line: string): Access[] {
  const [, status, method, path, agent] = /^(\d{3}) (\S+) (\S+) "(.*)"$/.exec(line) ?? [];
  if (status === undefined || method === undefined || path === undefined) return [];
  return [{ status: Number(status), method, path, agent: agent ?? '' }];
}
