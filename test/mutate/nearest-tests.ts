import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

const importPattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)['"](\.[^'"]+)['"]/gm;
const quotedWord = /'([a-z][a-z0-9-]*)'/g;
/** End-to-end tests need daemons and minutes. */
const tooSlow = /^test\/(?:e2e|mutate)\//;
/** Tests reach a command through the whole program: only the words of its command line tell which. */
const isCommand = /^export function createCommand\(/m;
const runsCommands = /\/run-command\.ts'/;

/**
 * For each file of `src/` and `test/`, the tests that reach it, nearest first: the one beside it, those that import it
 * or run the command of its name, those that import what imports it.
 */
export function findNearestTests(root: string): (file: string, most: number) => readonly string[] {
  const files = ['src', 'test'].flatMap((folder) => listFiles(root, folder));
  const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  const commands = files.filter((file) => isCommand.test(texts.get(file) ?? ''));
  const users = new Map<string, Set<string>>();
  const add = (file: string, user: string) => users.set(file, (users.get(file) ?? new Set()).add(user));
  for (const file of files) {
    const subject = file.endsWith('.test.ts') ? subjectOf(file, files) : undefined;
    if (subject !== undefined) add(subject, file);
  }
  for (const [file, text] of texts) {
    for (const match of text.matchAll(importPattern))
      add(relative(root, resolve(root, dirname(file), match[1] ?? '')), file);
    if (!runsCommands.test(text)) continue;
    const words = new Set(Array.from(text.matchAll(quotedWord), (match) => match[1]));
    for (const command of commands) if (words.has(basename(command, '.ts'))) add(command, file);
  }
  return (file, most) => {
    const found: string[] = [];
    const seen = new Set([file]);
    for (let ring = [file]; ring.length > 0 && found.length < most;) {
      const tests = ring.filter((one) => one.endsWith('.test.ts') && !tooSlow.test(one));
      found.push(...tests.slice(0, most - found.length));
      ring = [...new Set(ring.flatMap((one) => [...(users.get(one) ?? [])]))].filter((one) => !seen.has(one));
      for (const one of ring) seen.add(one);
    }
    return found;
  };
}

/** `verify-containers.test.ts` is about `verify-containers.ts`, or else about `verify.ts`. */
function subjectOf(test: string, files: readonly string[]): string | undefined {
  const words = basename(test)
    .replace(/(?:\.slow)?\.test\.ts$/, '')
    .split('-');
  return words
    .map((_, index) => join(dirname(test), `${words.slice(0, words.length - index).join('-')}.ts`))
    .find((file) => files.includes(file));
}

function listFiles(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}
