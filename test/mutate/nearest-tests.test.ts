import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { findNearestTests } from './nearest-tests.ts';

const root = mkdtempSync(join(tmpdir(), 'signpost-nearest-'));
after(() => rmSync(root, { recursive: true }));
const program =
  "export const verbs = { renew: () => import('./renew.ts'), sync: () => import('./sync.ts') };";
const commandTest = (verb: string) => `import { run } from '../../test/run-command.ts'; run('${verb}');`;
const files: Readonly<Record<string, string>> = {
  'src/oci/range.ts': 'export const range = 1;',
  'src/oci/range.test.ts': "import { range } from './range.ts';",
  'src/oci/blob.ts': "import { range } from './range.ts';",
  'src/oci/blob.test.ts': "import { range } from './blob.ts';",
  'src/adapters/renewals.ts': 'export const renewals = 1;',
  'src/cli/renew.ts': "import '../adapters/renewals.ts';\nexport function createCommand() {}",
  'src/cli/sync.ts': 'export function createCommand() {}',
  'src/cli/main.ts': program,
  'src/cli/a.test.ts': commandTest('sync'),
  'src/cli/b.test.ts': commandTest('renew'),
  'src/cli/renew-keys.slow.test.ts': commandTest('help'),
  'test/run-command.ts': "import '../src/cli/main.ts';",
  'test/e2e/range.test.ts': "import { range } from '../../src/oci/range.ts';",
};
for (const [file, text] of Object.entries(files)) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}
const nearest = findNearestTests(root);

test('the test beside a file comes before those of what imports it, and end-to-end tests are left out', () => {
  assert.deepEqual(nearest('src/oci/range.ts', 9), ['src/oci/range.test.ts', 'src/oci/blob.test.ts']);
});

test('tests that run a command, or are named after it, come before those of other commands', () => {
  assert.deepEqual(nearest('src/adapters/renewals.ts', 9), [
    'src/cli/renew-keys.slow.test.ts',
    'src/cli/b.test.ts',
    'src/cli/a.test.ts',
  ]);
});

test('no more are named than are wanted', () => {
  assert.deepEqual(nearest('src/oci/range.ts', 1), ['src/oci/range.test.ts']);
});
