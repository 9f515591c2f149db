/**
 * A mirror of the demo, in a process of its own:
 * `mirror-process <root> <address> <certificate file> <key file>`. It prints a JSON line when it listens and one for
 * each request, and ends with its parent or on a signal.
 */
import { readFileSync } from 'node:fs';
import './end-with-parent.ts';
import { startStaticFileServer } from './static-file-server.ts';

const [root = '', address = '', certificate = '', key = ''] = process.argv.slice(2);
const print = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

const server = await startStaticFileServer({
  root,
  address,
  port: 0,
  certificate: readFileSync(certificate, 'utf8'),
  key: readFileSync(key, 'utf8'),
  onSent: (sent) => print({ event: 'sent', ...sent }),
});
print({ event: 'listening', port: server.port });
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
