import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startChild } from './child-process.ts';

const node = (script: string, ...before: string[]) => ({
  name: 'the child',
  command: process.execPath,
  args: [...before, '-e', script],
  environment: {},
});
const forever = 'setInterval(() => undefined, 1000)';
const endWithParent = new URL('./end-with-parent.ts', import.meta.url).href;

test('lines and the exit status come back, with the end of what went wrong', async () => {
  const lines: string[] = [];
  const script = 'console.log("one\\ntwo"); console.error("it broke"); process.exitCode = 3';
  const child = startChild({ ...node(script), onLine: (line) => lines.push(line) });
  assert.deepEqual(await child.ended, { status: 3, message: 'the child ended with status 3\n  it broke' });
  assert.deepEqual(lines, ['one', 'two']);
});

test('a program that is not there is a failure that says so', async () => {
  const child = startChild({ ...node(''), command: '/no/such/program' });
  const { status, message } = await child.ended;
  assert.equal(status, undefined);
  assert.match(message, /cannot start the child: .*ENOENT/);
  await child.stop();
});

test('a child that runs is stopped, and stopping it twice does no harm', async () => {
  const started = Promise.withResolvers<void>();
  const child = startChild({ ...node(`console.log("up"); ${forever}`), onLine: () => started.resolve() });
  await started.promise;
  await child.stop();
  await child.stop();
  assert.match((await child.ended).message, /ended by SIGTERM/);
});

test('standard error goes to the log whole', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-child-'));
  try {
    const log = join(folder, 'log');
    const script = 'for (let i = 0; i < 100; i += 1) console.error("line " + i)';
    const { message } = await startChild({ ...node(script), log }).ended;
    assert.equal(message.split('\n').length, 21);
    assert.match(readFileSync(log, 'utf8'), /^line 0\n[^]*line 99\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a child ends when its parent is killed', { timeout: 20_000 }, async () => {
  // The parent prints the child's number, and cannot say goodbye.
  const parentScript = `
    import { startChild } from ${JSON.stringify(new URL('./child-process.ts', import.meta.url).href)};
    startChild({
      name: 'c', command: process.execPath, environment: {}, onLine: console.log,
      args: ['--import', ${JSON.stringify(endWithParent)}, '-e', 'console.log(process.pid); ${forever}'],
    });
    ${forever}`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', parentScript], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  assert.ok(isRunning(pid));
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  while (isRunning(pid)) await wait(20);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // What nobody has waited for yet has ended all the same.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
