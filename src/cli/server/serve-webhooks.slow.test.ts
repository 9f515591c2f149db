import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { author } from '../../../test/fakes/author.ts';
import { newMirror } from '../../../test/fakes/mirrors.ts';
import { openDatabase } from '../../adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../adapters/db/sqlite/sqlite-database.ts';
import { createMirrorRegistry } from '../../adapters/db/tables/mirror-registry.ts';
import { createWebhookOutbox } from '../../adapters/db/tables/webhook-outbox.ts';

const program = resolve(import.meta.dirname, '../main.ts');

test('a server that is killed before a webhook was delivered delivers it when it runs again', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-webhooks-'));
  context.after(() => rm(folder, { recursive: true }));
  const hook = createServer().listen(0, '127.0.0.1');
  context.after(() => hook.closeAllConnections());
  context.after(() => hook.close());
  await once(hook, 'listening');
  const { port } = hook.address() as AddressInfo;
  await writeFile(join(folder, 'secret'), 'a secret of the operator\n');
  await writeFile(
    join(folder, 'signpost.yaml'),
    `data: data
registry: { listen: [{ port: 0 }] }
mirrors: { allowAddresses: [127.0.0.0/8] }
webhooks:
  hooks: [{ url: "http://127.0.0.1:${port}/hook", secretFile: secret }]
  allowAddresses: [127.0.0.0/8]
  settle: 1s
`,
  );
  // A mirror that was in when somebody was last told of it, and is nowhere now.
  {
    using database = openDatabase(join(folder, 'data', 'signpost.db'));
    const gone = newMirror({ urls: ['http://127.0.0.1:1'] });
    const { id } = await createMirrorRegistry(createSqliteDatabase(database)).add(gone, author);
    await createWebhookOutbox(createSqliteDatabase(database)).put(
      new Map([[id, { healthy: true, at: 0 }]]),
      [],
    );
  }
  const serve = () =>
    spawn(process.execPath, [program, 'serve', '--config', join(folder, 'signpost.yaml')], {
      stdio: 'ignore',
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
  const requests = on(hook, 'request', { signal: AbortSignal.timeout(60_000) });
  const nextMessage = async (status: number) => {
    const { value } = (await requests.next()) as { value: [IncomingMessage, ServerResponse] };
    const [request, response] = value;
    const message = { id: request.headers['signpost-delivery'], body: await text(request) };
    response.writeHead(status).end();
    return message;
  };

  const first = serve();
  const tried = await nextMessage(503);
  assert.equal((JSON.parse(tried.body) as { event: string }).event, 'mirror.out');
  first.kill('SIGKILL');
  await once(first, 'close');
  const second = serve();
  context.after(() => second.kill('SIGKILL'));
  assert.deepEqual(await nextMessage(204), tried);
});
