import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { author } from '../../../../test/fakes/author.ts';
import { numberedMirror } from '../../../../test/fakes/mirrors.ts';
import { openDatabase } from './database.ts';
import { startStorageThread } from './storage-thread.ts';

const folder = await mkdtemp(join(tmpdir(), 'signpost-thread-'));
const ended: (() => Promise<void>)[] = [];
after(async () => {
  for (const end of ended) await end();
  await rm(folder, { recursive: true });
});
let count = 0;

function start() {
  const path = join(folder, `${(count += 1)}.db`);
  const thread = startStorageThread({ path, access: 'write' });
  ended.push(async () => thread[Symbol.asyncDispose]());
  return { path, thread, ports: thread.ports };
}

test('a port in a thread does what the port does, and fails as it does', async () => {
  const { ports } = start();
  const { id: _id, ...mirror } = numberedMirror(1);
  const added = await ports.mirrorRegistry.add(mirror, author);
  assert.deepEqual(await ports.mirrorRegistry.list(), [added]);
  await assert.rejects(ports.mirrorRegistry.add(mirror, author), { code: 'USAGE', message: /already/ });
  assert.equal((await ports.audit.read(10)).length, 1);
});

test('while another process writes, nobody waits but the thread', async () => {
  const { path, ports } = start();
  await ports.mirrorStates.load();
  using other = openDatabase(path);
  other.exec('BEGIN IMMEDIATE');
  const written = ports.statistics.add([
    { day: '2026-01-31', dimension: 'country', value: 'DE', pulls: 1, blobs: 0, bytes: 0 },
  ]);
  // All the while the event loop has turns, of which it had none when it waited itself.
  for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  other.exec('COMMIT');
  await written;
  const query = { dimension: 'country', since: '2026-01-01', by: 'value', limit: 10 } as const;
  assert.equal((await ports.statistics.sum(query)).length, 1);
});

test('what is asked of a thread that cannot open the database fails, and of one that has ended too', async () => {
  const thread = startStorageThread({ path: join(folder, 'file.db', 'no', 'folder.db'), access: 'write' });
  openDatabase(join(folder, 'file.db')).close();
  await assert.rejects(thread.ports.tokens.list(), { code: 'STORAGE' });
  await thread[Symbol.asyncDispose]();
  const { thread: good } = start();
  await good.ports.tokens.list();
  await good[Symbol.asyncDispose]();
  assert.deepEqual(await good.ports.tokens.list(), [], 'it is started again');
});
