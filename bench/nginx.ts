import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Server, startServer, waitFor } from './process.ts';

/** Starts nginx with one worker on one core. `server` is the inside of its server block. */
export async function startNginx(
  folder: string,
  port: number,
  core: number,
  server: string,
): Promise<Server> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off;
worker_processes 1;
user root;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')} crit;
events { worker_connections 4096; }
http {
  default_type application/octet-stream;
  keepalive_requests 10000000;
  client_body_temp_path ${join(folder, 'body')};
  proxy_temp_path ${join(folder, 'proxy')};
  fastcgi_temp_path ${join(folder, 'fastcgi')};
  uwsgi_temp_path ${join(folder, 'uwsgi')};
  scgi_temp_path ${join(folder, 'scgi')};
  sendfile on;
  tcp_nopush on;
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location = /ready { return 204; }
    ${server}
  }
}
`,
  );
  return startServer(core, ['nginx', '-c', file, '-p', folder], () =>
    waitFor(`http://127.0.0.1:${port}/ready`),
  );
}
