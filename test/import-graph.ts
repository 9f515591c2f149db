import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** A source file: its path below `src/`, what it imports there, which packages, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly imports: readonly string[];
  readonly packages: readonly string[];
  readonly text: string;
}

const source = resolve(import.meta.dirname, '../src');
// Static imports, re-exports and import() with a literal: what native type stripping can load.
const specifierPattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)['"]([^'"]+)['"]/gm;

/** Every file of `src/` but the tests, by path. */
export function readSourceFiles(): ReadonlyMap<string, SourceFile> {
  const names = readdirSync(source, { recursive: true, encoding: 'utf8' });
  const files = names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readSourceFile(name.split(sep).join('/')));
  return new Map(files.map((file) => [file.path, file]));
}

/** Every file that can be loaded once `start` is, and `start` itself. */
export function reachableFrom(files: ReadonlyMap<string, SourceFile>, start: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const waiting = [start];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    waiting.push(...(files.get(path)?.imports ?? []));
  }
  return seen;
}

function readSourceFile(path: string): SourceFile {
  const text = readFileSync(join(source, path), 'utf8');
  const specifiers = [...text.matchAll(specifierPattern)].map((match) => match[1] ?? '');
  const isRelative = (specifier: string) => specifier.startsWith('.');
  return {
    path,
    text,
    imports: specifiers.filter(isRelative).map((specifier) =>
      relative(source, resolve(source, dirname(path), specifier))
        .split(sep)
        .join('/'),
    ),
    packages: specifiers.filter((specifier) => !isRelative(specifier)),
  };
}
