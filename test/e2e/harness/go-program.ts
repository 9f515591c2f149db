import { accessSync, constants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { baseEnvironment, mustRun } from './command.ts';

const root = join(import.meta.dirname, '../../..');

/** A program that Debian does not package: `github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3`, by its name. */
const packages: ReadonlyMap<string, string> = new Map(
  readFileSync(join(root, 'test/e2e/go-programs.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', module = '', command = '', version = ''] = line.split(/\s+/);
      return [name, `${module}${command === '.' ? '' : `/${command}`}@${version}`];
    }),
);

const systemFolders = (baseEnvironment.PATH ?? '').split(':');
/** Where the programs are: bin/go-programs puts them in the first folder. */
const goFolders = [
  join(root, '.cache/go'),
  process.env.GOBIN ?? '',
  join(process.env.GOPATH ?? join(homedir(), 'go'), 'bin'),
];
/** Debian has programs of these names that are too old. */
const olderInDebian: ReadonlySet<string> = new Set(['containerd', 'ctr']);

/** The path of a program of `go-programs.txt`; undefined when this machine has none of that name. */
export function findGoProgram(name: string): string | undefined {
  return findIn(olderInDebian.has(name) ? goFolders : [...goFolders, ...systemFolders], name);
}

/**
 * What a test needs of `go-programs.txt` and this machine lacks, as options for node:test: a skip that names the
 * reason. In CI a program may be absent only where Go is: otherwise the test runs and fails by what is missing.
 */
export function needsGoPrograms(...names: readonly string[]): { readonly skip?: string } {
  const missing = names.filter((name) => findGoProgram(name) === undefined);
  const goIsThere = findIn((process.env.PATH ?? '').split(':'), 'go') !== undefined;
  if (missing.length === 0 || (process.env.CI === 'true' && goIsThere)) return {};
  return { skip: missing.map((name) => `${name} is missing (go install ${packageOf(name)})`).join('; ') };
}

/** The version that a program tells: `3.1.3`. */
export async function readVersion(program: string, ...args: readonly string[]): Promise<string> {
  const printed = await mustRun(program, args);
  return /\d+\.\d+\.\d+/.exec(printed)?.[0] ?? 'unknown';
}

function packageOf(name: string): string {
  const found = packages.get(name);
  if (found === undefined) throw new Error(`${name} is not in test/e2e/go-programs.txt`);
  return found;
}

function findIn(searched: readonly string[], name: string): string | undefined {
  return searched
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
