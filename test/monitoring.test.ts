import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** The files that measure, and the names in them. */
const measured = new Set(
  [
    'src/server/pull/traffic-counts.ts',
    'src/server/pull/snapshot-measurements.ts',
    'src/server/pull/stream-slots.ts',
    'src/server/probe/probe-counts.ts',
    'src/server/probe/propagation-recorder.ts',
    'src/origin/status/freshness.ts',
  ].flatMap((path) => namesIn(read(path))),
);

function namesIn(text: string): readonly string[] {
  return text.match(/\bsignpost_[a-z_]+[a-z]\b/g) ?? [];
}

test('every metric that the alerting rules ask for exists', () => {
  const rules = parse(read('packaging/prometheus/signpost.rules.yml')) as {
    groups: { name: string; rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
  };
  const all = rules.groups.flatMap((group) => group.rules);
  assert.ok(all.length > 5);
  assert.equal(new Set(all.map(({ alert }) => alert)).size, all.length);
  for (const { alert, expr, annotations } of all) {
    assert.ok(annotations.summary.length > 0, alert);
    const asked = namesIn(expr);
    assert.ok(asked.length > 0 || expr.startsWith('up{'), alert);
    for (const name of asked) assert.ok(measured.has(name), `${alert} asks for ${name}`);
  }
});

test('the page of metrics has every metric, and no other', () => {
  const page = new Set(namesIn(read('docs/monitoring.md')));
  assert.ok(measured.size > 20, `only ${measured.size} names were found`);
  assert.deepEqual(
    [...page].filter((name) => !measured.has(name)),
    [],
  );
  assert.deepEqual(
    [...measured].filter((name) => !page.has(name)),
    [],
  );
});
