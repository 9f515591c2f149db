import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import packageFile from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');
const { check, e2e, ...others } = packageFile.scripts;

function filesOf(script: string): readonly string[] {
  return Array.from(script.matchAll(/'([^']+)'/g), ([, pattern = '']) =>
    globSync(pattern, { cwd: root }),
  ).flat();
}

test('every file of tests is run by one script', () => {
  const run = Object.entries(others)
    .filter(([name]) => name.startsWith('test:'))
    .flatMap(([, script]) => filesOf(script));
  const there = globSync('{src,test,demo,bench}/**/*.test.ts', { cwd: root });
  assert.ok(there.length > 200, `only ${there.length} files were found`);
  assert.deepEqual([...run, ...filesOf(e2e)].sort(), there.sort());
});

test('the check names all scripts of tests but the slow ones', () => {
  const quick = Object.keys(others).filter((name) => name.startsWith('test:') && name !== 'test:slow');
  assert.deepEqual(
    check
      .split(' ')
      .filter((word) => word.startsWith('test:'))
      .sort(),
    quick.sort(),
  );
});
