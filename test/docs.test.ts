import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { apiReference } from './docs/api-reference.ts';
import { commandReference } from './docs/command-reference.ts';
import { verbs } from '../src/cli/main.ts';
import { createTerminal } from '../src/cli/terminal.ts';
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

test('docs/commands.md says what the commands say', async () => {
  const { stdin, stdout, stderr } = process;
  const terminal = createTerminal({ stdin, stdout, stderr, signal: new AbortController().signal });
  assert.equal(page('commands.md'), await commandReference(terminal), 'run "npm run docs"');
  assert.match(page('commands.md'), /## signpost mirror add\n/);
});

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
