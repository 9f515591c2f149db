/**
 * Changes the source in small ways, one at a time and in a copy, and says which changes no test notices.
 *
 *     npm run mutate                                   70 mutants of everything in src
 *     npm run mutate -- --count 200 --seed 7 src/oci   200 of one folder, another sample
 *     npm run mutate -- --all src/oci/range.ts         every one of a file
 */
import { spawn } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { findMutants, type Mutant } from './find-mutants.ts';
import { findNearestTests } from './nearest-tests.ts';

const root = join(import.meta.dirname, '../..');
/** The nearest tests of a file are run first, and more only where those notice nothing. */
const rounds = [4, 12];
/** Milliseconds, to begin with and for each file of tests. What takes longer does not end. */
const patience = { start: 30_000, each: 15_000 };

const { values, positionals } = parseArgs({
  options: {
    count: { type: 'string', default: '70' },
    seed: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const files = (positionals.length === 0 ? ['src'] : positionals).flatMap(sourceFiles);
const mutants = files.flatMap((file) =>
  findMutants(file, readFileSync(join(root, file), 'utf8')).map((mutant) => ({ file, ...mutant })),
);
const chosen = values.all ? mutants : sample(mutants, Number(values.count), Number(values.seed));
const copy = mkdtempSync(join(tmpdir(), 'signpost-mutants-'));
/** Ends the tests that are running, with all that they have started. */
let endTests = () => {};
process.once('exit', () => {
  endTests();
  rmSync(copy, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
for (const name of readdirSync(root))
  if (!['.git', '.cache', 'dist', 'node_modules'].includes(name))
    cpSync(join(root, name), join(copy, name), { recursive: true, verbatimSymlinks: true });
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
const nearestTests = findNearestTests(root);
/** Whether files of tests, joined by spaces, pass without a change. */
const unchanged = new Map<string, boolean>();

let survivors = 0;
for (const [index, mutant] of chosen.entries()) {
  const noticed = await isNoticed(mutant);
  if (!noticed) survivors += 1;
  const what = `${mutant.file}:${mutant.line}  ${mutant.change}`;
  console.log(`${index + 1}/${chosen.length}  ${noticed ? 'noticed ' : 'SURVIVED'}  ${what}`);
}
console.log(
  `${chosen.length - survivors} of ${chosen.length} were noticed, of ${mutants.length} in ${files.length} files`,
);
process.exitCode = survivors === 0 ? 0 : 1;

async function isNoticed(mutant: Mutant & { readonly file: string }): Promise<boolean> {
  const nearest = nearestTests(mutant.file, Math.max(...rounds));
  const path = join(copy, mutant.file);
  const source = readFileSync(path, 'utf8');
  const changed = source.slice(0, mutant.start) + mutant.replacement + source.slice(mutant.end);
  const passesChanged = async (tests: readonly string[]) => {
    writeFileSync(path, changed);
    const passed = await passes(tests);
    writeFileSync(path, source);
    return passed;
  };
  let from = 0;
  for (const to of rounds) {
    const tests = nearest.slice(from, to);
    from = to;
    if (await passesChanged(tests)) continue;
    if (await passUnchanged(tests)) return true;
    for (const test of tests)
      if ((await passUnchanged([test])) && !(await passesChanged([test]))) return true;
  }
  return false;
}

/** Whether tests pass as things are: otherwise they would notice whatever is changed. */
async function passUnchanged(tests: readonly string[]): Promise<boolean> {
  const known = unchanged.get(tests.join(' ')) ?? (await passes(tests));
  if (!known && tests.length === 1 && !unchanged.has(tests.join(' ')))
    console.log(`left out, since it fails or takes too long without a change: ${tests.join(' ')}`);
  unchanged.set(tests.join(' '), known);
  return known;
}

/** Ends at the first failure. */
async function passes(tests: readonly string[]): Promise<boolean> {
  if (tests.length === 0) return true;
  const args = ['--test', '--test-isolation=none', '--test-reporter=tap', ...tests];
  const temporary = mkdtempSync(join(copy, 'tmp-'));
  const env = { ...process.env, TMPDIR: temporary };
  const child = spawn(process.execPath, args, {
    cwd: copy,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  endTests = () => {
    endTests = () => {};
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  const timer = setTimeout(() => endTests(), patience.start + tests.length * patience.each);
  createInterface(child.stdout).on('line', (line) => {
    if (/^ *not ok \d/.test(line)) endTests();
  });
  const status = await new Promise((resolve) => child.once('exit', resolve));
  endTests = () => {};
  clearTimeout(timer);
  rmSync(temporary, { recursive: true, force: true });
  return status === 0;
}

function sourceFiles(path: string): readonly string[] {
  if (statSync(join(root, path)).isFile()) return [path];
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(path, name))
    .sort();
}

/** The same sample for the same seed: each is drawn with the same chance. */
function sample<T>(all: readonly T[], count: number, seed: number): readonly T[] {
  const left = [...all];
  const drawn: T[] = [];
  let state = seed >>> 0;
  while (drawn.length < count && left.length > 0) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    drawn.push(...left.splice(Math.floor((state / 2 ** 32) * left.length), 1));
  }
  return drawn;
}
