import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createProcessLock } from '../../src/adapters/process/process-lock.ts';

const folder = await mkdtemp(join(tmpdir(), 'signpost-locks-'));
after(() => rm(folder, { recursive: true }));

const clock = { now: () => Date.parse('2026-01-02T03:04:05Z') };
const create = (command: string) => createProcessLock(folder, command, clock);
const code = (text: string) => `
  import { createProcessLock } from ${JSON.stringify(join(import.meta.dirname, '../../src/adapters/process/process-lock.ts'))};
  const lock = await createProcessLock(${JSON.stringify(folder)}, 'child', { now: Date.now }).acquire('content');
  ${text}
`;

test('a lock is held by one at a time, and the others are told by whom', async () => {
  {
    await using _held = await create('publish').acquire('content');
    await assert.rejects(() => create('accept').acquire('content'), {
      code: 'LOCKED',
      message: `another process works on the same data (process ${process.pid}, "publish", since 2026-01-02T03:04:05.000Z): wait until it has finished, or stop it`,
    });
    await using _other = await create('accept').acquire('another job');
  }
  await using _again = await create('accept').acquire('content');
});

test('a second process is refused, and the lock ends with a process that is killed', async () => {
  const script = join(folder, 'child.ts');
  await writeFile(script, code('process.stdout.write("held"); setInterval(() => void lock, 1000);'));
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await assert.rejects(() => create('publish').acquire('content'), {
    code: 'LOCKED',
    message: new RegExp(`process ${child.pid}, "child"`),
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await using _held = await create('publish').acquire('content');
});

test('a folder that cannot be written is no lock', async () => {
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  await assert.rejects(() => createProcessLock(join(file, 'locks'), 'x', clock).acquire('content'), {
    code: 'STORAGE',
  });
});

test('only the owner can open the files of locks: whoever reads one can hold it', async () => {
  const locks = join(folder, 'deeper', 'locks');
  await (await createProcessLock(locks, 'publish', clock).acquire('content'))[Symbol.asyncDispose]();
  assert.equal((await stat(locks)).mode & 0o777, 0o700);
});
