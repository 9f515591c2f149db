import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatAttackTable, namedTests, readAttackTable } from './e2e/harness/attacks/attack-table.ts';
import { attacks } from './e2e/harness/attacks/attacks.ts';

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const page = read('docs/attacks.md');

test('docs/attacks.md is what the tests write, for all attacks', () => {
  const measured = readAttackTable(page);
  assert.equal(page, formatAttackTable(measured), 'run "npm run docs"');
  const words = Object.values(attacks).map((attack) => attack.words);
  assert.equal(new Set(words).size, words.length, 'rows are found by their words');
  assert.equal(measured.rows.size, words.length);
  for (const [name, row] of measured.rows) assert.ok(row.size > 0, `${name} was met by no client`);
});

test('every test that docs/attacks.md names exists', () => {
  const named = namedTests();
  assert.ok(named.length > 30);
  for (const [file, title] of named) assert.ok(titlesIn(file).has(title), `${file} has no test "${title}"`);
});

test('every lie that podman and skopeo are told elsewhere is named in docs/attacks.md', () => {
  const file = 'test/e2e/verify.test.ts';
  const titles = [...titlesIn(file)].filter((title) => title.startsWith('refuses'));
  assert.ok(titles.length > 4);
  const named = new Set(namedTests().flatMap(([of, title]) => (of === file ? [title] : [])));
  assert.deepEqual(
    titles.filter((title) => !named.has(title)),
    [],
  );
});

/** The titles of the tests in a file, without what a template puts before them. */
function titlesIn(file: string): ReadonlySet<string> {
  const tests = read(file).matchAll(
    /\b(?:it|test)\(\s*(?:'([^'\n]+)'|"([^"\n]+)"|`(?:\$\{\w+\} )?([^`\n$]+)`)/g,
  );
  return new Set([...tests].map(([, single, double, template]) => single ?? double ?? template ?? ''));
}
