import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogOutput } from './log-output.ts';

const notice = (lost: number, reason: string) => `lost ${lost} (${reason})\n`;

suite('the output of a log', () => {
  test('a reader that has stopped costs lines, and is told so when it reads again', async () => {
    await withPipe(async (reader, pipe) => {
      const output = createLogOutput(pipe, notice);
      const line = `${'x'.repeat(1024 * 1024 - 1)}\n`;
      for (let index = 0; index < 20; index += 1) output.write(line, 1);
      let text = '';
      for (let tries = 0; !text.includes('slow)') && tries < 5000; tries += 1) {
        const piece = readSome(reader);
        text += piece;
        if (piece === '') await sleep(5);
      }
      assert.match(text, /^x+\nlost 3 \(the reader is too slow\)\n/);
    });
  });

  test('the end of the process does not wait for a reader that has stopped', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signpost-pipe-'));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(pipe, constants.O_WRONLY);
    const module = JSON.stringify(resolve(import.meta.dirname, 'log-output.ts'));
    const script = `const { createLogOutput } = await import(${module});
      const output = createLogOutput(2, String);
      for (let index = 0; index < 9; index += 1) output.write('x'.repeat(1e6), 1);
      setTimeout(() => { output.flush(); process.exit(7); }, 200);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', writer],
      timeout: 20_000,
    });
    assert.deepEqual(await once(child, 'close'), [7, null]);
    closeSync(reader);
    closeSync(writer);
    rmSync(folder, { recursive: true });
  });

  test('nothing is thrown for a disk that is full or a pipe that is closed', async () => {
    const full = createLogOutput(openSync('/dev/full', 'w'), notice);
    full.write('a\n', 1);
    full.write('b\n', 1);
    full.flush();
    await withPipe(async (reader, pipe) => {
      const output = createLogOutput(pipe, notice);
      closeSync(reader);
      output.write('a\n', 1);
      await sleep(20);
      output.write('b\n', 1);
      output.flush();
    }, false);
  });
});

async function withPipe(work: (reader: number, pipe: number) => Promise<void>, closes = true): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-pipe-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const pipe = openSync(path, constants.O_WRONLY);
  try {
    await work(reader, pipe);
  } finally {
    if (closes) closeSync(reader);
    closeSync(pipe);
    rmSync(folder, { recursive: true });
  }
}

function readSome(file: number): string {
  const buffer = Buffer.alloc(65_536);
  try {
    return buffer.toString('latin1', 0, readSync(file, buffer));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    return '';
  }
}
