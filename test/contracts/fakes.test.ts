import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const folder = import.meta.dirname;
const fakes = readdirSync(join(folder, '../fakes'))
  .filter((name) => name.startsWith('memory-'))
  .map((name) => name.replace(/\.ts$/, ''));

/** What a fake is that no suite runs: its port has one method, or one adapter that the fake only imitates in part. */
const exceptions = ['memory-layers', 'memory-new-file', 'memory-remote-metadata', 'memory-tree-contents'];

test('every fake that keeps something passes the suite of its port, but for those that are named', () => {
  assert.ok(fakes.length > 10);
  const suites = readdirSync(folder).filter((name) => name !== 'fakes.test.ts');
  const run = suites.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  const alone = fakes.filter((name) => !run.includes(`/fakes/${name}.ts'`));
  assert.deepEqual(alone.sort(), exceptions);
});
