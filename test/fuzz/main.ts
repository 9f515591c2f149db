import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { corpusFolder } from './inputs.ts';
import { openReaders } from './readers.ts';
import { runFuzz } from './run-fuzz.ts';

// npm run fuzz -- [--seconds <for each reader>] [--seed <number>] [reader...]
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
  },
});
const known = (await openReaders()).map(({ name }) => name);
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0 || !/^\d+$/.test(values.seconds + values.seed)) {
  process.stderr.write(
    `usage: npm run fuzz -- [--seconds N] [--seed N] [reader...]; readers: ${known.join(' ')}\n`,
  );
  process.exit(2);
}
process.stdout.write(`seed ${values.seed}\n`);
let failed = false;
// A thread for each, so that one that hangs or dies keeps no other from being tried.
for (const name of positionals.length === 0 ? known : positionals) {
  const job = { names: [name], seconds: Number(values.seconds), inputs: Infinity, seed: Number(values.seed) };
  const { faults, inputs } = await runFuzz(job);
  process.stdout.write(`${name}: ${inputs.get(name) ?? 'some'} inputs, ${faults.length} faults\n`);
  for (const { problem, input } of faults) {
    failed = true;
    const file = join(corpusFolder, name, createHash('sha256').update(input).digest('hex').slice(0, 16));
    mkdirSync(join(corpusFolder, name), { recursive: true });
    writeFileSync(file, input);
    process.stdout.write(`  ${problem}\n  kept as ${file}\n`);
  }
}
process.exitCode = failed ? 1 : 0;
