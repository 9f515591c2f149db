import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Command } from 'commander';
import { apiReference } from './docs/api-reference.ts';
import { commandReference } from './docs/command-reference.ts';
import { verbs } from '../src/cli/program.ts';
import { createTerminal } from '../src/cli/terminal/terminal.ts';
import { documentedCommands } from './docs/documented-commands.ts';
import { configurationReference } from './docs/configuration-reference.ts';

const page = (name: string) => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');

test('docs/configuration.md says what the code reads', () => {
  assert.equal(page('configuration.md'), configurationReference(), 'run "npm run docs"');
  assert.match(page('configuration.md'), /`registry\.inlineSize` \| `"32KiB"`/);
});

test('docs/api.md says what the management API answers', () => {
  assert.equal(page('api.md'), apiReference(), 'run "npm run docs"');
  assert.match(page('api.md'), /### POST \/mirrors\/\{name\}\/report\n/);
});

test('ARCHITECTURE.md answers each of its questions with four files or fewer that are there', () => {
  const text = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8');
  const [, section = ''] = /^## Where to look\n([\s\S]*?)^## /m.exec(text) ?? [];
  const answers = [...section.matchAll(/^\| ([^|]*\?) *\|(.*)\|$/gm)].map(([, question, files]) => ({
    question,
    files: [...(files ?? '').matchAll(/`([^`]+)`/g)].map(([, file]) => file ?? ''),
  }));
  assert.equal(answers.length, 6);
  for (const { question, files } of answers) {
    assert.ok(files.length > 0 && files.length <= 4, `${question} has ${files.length} files`);
    for (const file of files) assert.ok(existsSync(new URL(`../${file}`, import.meta.url)), file);
  }
});

test('docs/commands.md says what the commands say', async () => {
  const { stdin, stdout, stderr } = process;
  const terminal = createTerminal({ stdin, stdout, stderr, signal: new AbortController().signal });
  assert.equal(page('commands.md'), await commandReference(terminal), 'run "npm run docs"');
  assert.match(page('commands.md'), /## signpost mirror add\n/);
});

test('every command takes the options that README says, and shows an example', async () => {
  const leaves = await leafCommands();
  assert.ok(leaves.length > 30, `only ${leaves.length} commands were found`);
  for (const { line, command } of leaves) {
    const options = new Set(command.options.map(({ long }) => long));
    assert.ok(options.has('--json'), line);
    assert.equal(options.has('--config') && options.has('--data'), line !== 'sync', line);
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    assert.match(help, /Examples?:\n {2}\$ /, line);
  }
});

test('whoever is told to sign is told a private key', async () => {
  const lines = [
    ...documentedCommands().map(({ page, words }) => `${page}: signpost ${words.join(' ')}`),
    ...page('commands.md').split('\n'),
    ...page('signing.md').split('\n'),
  ].filter((line) =>
    /signpost (?:sign|signer|request|tuf|notary|snapshot|publish)\b|^ *--\w+-?key /.test(line),
  );
  assert.ok(lines.length > 20);
  const wrong = lines.filter((line) => /--(?:[a-z]+-)?key \S+\.(?:asc|pub|crt|gpg)\b/.test(line));
  assert.deepEqual(wrong, []);
});

async function leafCommands(): Promise<readonly { readonly line: string; readonly command: Command }[]> {
  const { stdin, stdout, stderr } = process;
  const signal = new AbortController().signal;
  const terminal = createTerminal({ stdin, stdout, stderr, signal });
  const below = (line: string, command: Command): { line: string; command: Command }[] =>
    command.commands.length === 0
      ? [{ line, command }]
      : command.commands.flatMap((inner) => below(`${line} ${inner.name()}`, inner));
  const all = [];
  for (const [name, { load }] of Object.entries(verbs)) {
    all.push(...below(name, (await load()).createCommand(terminal)));
  }
  return all;
}

test('every command that a page names exists, with every option', async () => {
  const commands = documentedCommands();
  assert.ok(commands.length > 8, `only ${commands.length} commands were found`);
  const { stdin, stdout, stderr } = process;
  const terminal = createTerminal({ stdin, stdout, stderr, signal: new AbortController().signal });
  for (const { page, words } of commands) {
    const line = `${page}: signpost ${words.join(' ')}`;
    const verb = verbs[words[0] ?? ''];
    assert.ok(verb !== undefined, line);
    let command = (await verb.load()).createCommand(terminal);
    for (const word of words.slice(1)) {
      const inner = command.commands.find((below) => below.name() === word);
      if (inner === undefined) break;
      command = inner;
    }
    const known = new Set(command.options.flatMap(({ long, short }) => [long, short]));
    for (const option of words.filter((word) => /^--?[a-z]/.test(word))) {
      assert.ok(known.has(option.replace(/=.*$/, '')), `${line}: ${option}`);
    }
  }
});
