import { InvalidArgumentError } from 'commander';

const limit = 32;

/** Reads the value of `--parallel`. */
export function parseParallel(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= limit) return count;
  throw new InvalidArgumentError(`expected a number from 1 to ${limit}.`);
}
