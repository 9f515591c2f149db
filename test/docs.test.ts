import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configurationReference } from './docs/configuration-reference.ts';

test('docs/configuration.md says what the code reads', () => {
  const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8');
  assert.equal(page, configurationReference(), 'run "npm run docs"');
  assert.match(page, /`registry\.inlineSize` \| `"32KiB"`/);
});
