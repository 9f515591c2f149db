import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FuzzReader } from './reader.ts';

export const corpusFolder = join(import.meta.dirname, 'corpus');

/** A reader's good inputs, and those that were kept because a reader has once failed at them. */
export function loadInputs({ name, seeds }: FuzzReader): readonly Buffer[] {
  const folder = join(corpusFolder, name);
  const kept = existsSync(folder) ? readdirSync(folder).sort() : [];
  return [...seeds.map((seed) => Buffer.from(seed)), ...kept.map((file) => readFileSync(join(folder, file)))];
}
