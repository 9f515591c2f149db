import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { baseEnvironment, mustRun } from './command.ts';

/** Where Go programs are that Debian has no package of. */
const folders = [
  ...(baseEnvironment.PATH ?? '').split(':'),
  process.env.GOBIN ?? '',
  join(process.env.GOPATH ?? join(homedir(), 'go'), 'bin'),
];

/** The path of a program; undefined when this machine has none of that name. */
export function findGoProgram(name: string): string | undefined {
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isProgram);
}

/** The version that a program tells: `3.1.3`. */
export async function readVersion(program: string, ...args: readonly string[]): Promise<string> {
  const printed = await mustRun(program, args);
  return /\d+\.\d+\.\d+/.exec(printed)?.[0] ?? 'unknown';
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
