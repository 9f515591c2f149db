import { readFileSync, writeFileSync } from 'node:fs';
import { formatAttackTable, readAttackTable } from '../e2e/harness/attacks/attack-table.ts';
import { apiReference } from './api-reference.ts';
import { commandReference } from './command-reference.ts';
import { configurationReference } from './configuration-reference.ts';
import { createTerminal } from '../../src/cli/terminal/terminal.ts';

const { stdin, stdout, stderr } = process;
const page = (name: string) => new URL(`../../docs/${name}`, import.meta.url);

// npm run docs: writes the pages that are made from the code.
writeFileSync(page('configuration.md'), configurationReference());
writeFileSync(page('api.md'), apiReference());
writeFileSync(
  page('commands.md'),
  await commandReference(createTerminal({ stdin, stdout, stderr, signal: new AbortController().signal })),
);
// What was observed stays as it is: only test/e2e/attacks.test.ts writes that.
writeFileSync(
  page('attacks.md'),
  formatAttackTable(readAttackTable(readFileSync(page('attacks.md'), 'utf8'))),
);
