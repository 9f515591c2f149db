import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { createNewFile } from './new-file.ts';
import { readLines } from './read-lines.ts';
import { readSmallFile } from './small-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-files-'));
after(() => rmSync(folder, { recursive: true }));

async function linesOf(path: string, limit: number): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of readLines(path, limit)) lines.push(Buffer.from(line).toString('latin1'));
  return lines;
}

test('a new file has its name only when it was released', async () => {
  const path = join(folder, 'new');
  const file = await createNewFile(path);
  for (let count = 0; count < 4; count += 1) await file.write('x'.repeat(200_000));
  assert.ok(!readdirSync(folder).includes('new'));
  await file.release();
  await file.discard();
  assert.equal(readFileSync(path, 'utf8'), 'x'.repeat(800_000));
  assert.deepEqual(readdirSync(folder), ['new']);
});

test('a discarded file leaves nothing, and what was there before stays', async () => {
  const path = join(folder, 'kept');
  writeFileSync(path, 'before');
  const file = await createNewFile(path);
  await file.write('after');
  await file.discard();
  assert.equal(readFileSync(path, 'utf8'), 'before');
  assert.deepEqual(readdirSync(folder), ['kept', 'new']);
});

test('a file that cannot be made is an error that names it', async () => {
  await assert.rejects(createNewFile(join(folder, 'no/such/folder')), {
    code: 'STORAGE',
    message: /no\/such\/folder/,
  });
});

test('property: lines come as they are in the file, wherever it is cut into pieces', async () => {
  const path = join(folder, 'lines');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('a', '\n', 'bc'), { maxLength: 50 }), async (parts) => {
      const text = parts.join('');
      writeFileSync(path, text);
      assert.deepEqual(await linesOf(path, 1000), text === '' ? [] : text.split(/(?<=\n)/));
    }),
    { numRuns: 50 },
  );
  const long = ['x'.repeat(1_500_000), 'y'.repeat(700_000), ''].join('\n');
  writeFileSync(path, long);
  assert.deepEqual(await linesOf(path, 2_000_000), long.split(/(?<=\n)/));
});

test('endless lines and missing files are refused', async () => {
  const path = join(folder, 'endless');
  writeFileSync(path, 'x'.repeat(3_000_000));
  await assert.rejects(linesOf(path, 1_000_000), { code: 'LIMIT_EXCEEDED', message: /endless/ });
  await assert.rejects(linesOf(join(folder, 'missing'), 10), { code: 'NOT_FOUND', message: /missing/ });
  await assert.rejects(linesOf(folder, 10), { code: 'STORAGE' });
});

test('a small file is read whole, and not when it is larger than allowed', async () => {
  const path = join(folder, 'small');
  writeFileSync(path, '12345');
  assert.equal(Buffer.from(await readSmallFile(path, 5)).toString(), '12345');
  await assert.rejects(readSmallFile(path, 4), { code: 'LIMIT_EXCEEDED' });
  await assert.rejects(readSmallFile(join(folder, 'missing'), 4), { code: 'NOT_FOUND' });
});
