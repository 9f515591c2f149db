import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const importPattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)['"](\.[^'"]+)['"]/gm;
/** End-to-end tests need daemons and minutes. */
const tooSlow = /^test\/(?:e2e|mutate)\//;

/**
 * For each file of `src/` and `test/`, the tests that reach it, nearest first: the one beside it, those that import it,
 * those that import what imports it.
 */
export function findNearestTests(root: string): (file: string, most: number) => readonly string[] {
  const importers = new Map<string, string[]>();
  for (const file of ['src', 'test'].flatMap((folder) => listFiles(root, folder)))
    for (const match of readFileSync(join(root, file), 'utf8').matchAll(importPattern)) {
      const target = relative(root, resolve(root, dirname(file), match[1] ?? ''));
      importers.set(target, [...(importers.get(target) ?? []), file]);
    }
  return (file, most) => {
    const found: string[] = [];
    const seen = new Set([file]);
    for (let ring = [file]; ring.length > 0 && found.length < most;) {
      const tests = ring.filter((one) => one.endsWith('.test.ts') && !tooSlow.test(one));
      found.push(...tests.slice(0, most - found.length));
      ring = [...new Set(ring.flatMap((one) => importers.get(one) ?? []))].filter((one) => !seen.has(one));
      for (const one of ring) seen.add(one);
    }
    return found;
  };
}

function listFiles(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}
