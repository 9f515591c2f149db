import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../test/fakes/run-command.ts';
import { exitCodes } from './terminal/exit-codes.ts';
import { verbs } from './main.ts';
import { createTerminal } from './terminal/terminal.ts';
import { version } from './terminal/version.ts';

test('--help lists every command', async () => {
  const { status, out } = await runCommand('--help');
  assert.equal(status, exitCodes.ok);
  for (const name of Object.keys(verbs)) assert.match(out, new RegExp(`^  ${name}\\b`, 'm'));
});

test('every command tells what it does, with an example', async () => {
  for (const name of Object.keys(verbs)) {
    const { status, out } = await runCommand(name, '--help');
    assert.equal(status, exitCodes.ok, name);
    assert.match(out, new RegExp(`Usage: signpost ${name}`));
    assert.match(out, /Examples?:\n {2}\$ signpost /, name);
    const group = /Commands:/.test(out);
    // A mirror's administrator has neither the origin's configuration nor its data.
    const usual = name === 'sync' ? ['--json'] : ['--config', '--data', '--json'];
    for (const option of group ? [] : usual) assert.ok(out.includes(option), `${name} ${option}`);
  }
});

test('--version prints the version', async () => {
  assert.equal((await runCommand('--version')).out.trim(), version);
});

test('what cannot be understood is a usage error, on standard error', async () => {
  for (const argv of [['nonsense'], ['serve', '--nonsense'], ['explain'], []]) {
    const { status, out, err } = await runCommand(...argv);
    assert.equal(status, exitCodes.usage, argv.join(' '));
    assert.equal(out, '');
    assert.notEqual(err, '');
  }
});

test('an error is one line for people and one document for programs', async () => {
  const plain = await runCommand('explain', 'nowhere', 'a@sha256:0', '--data', '/nonexistent');
  assert.equal(plain.status, exitCodes.usage);
  assert.match(plain.err, /^signpost: .*\n$/);
  const json = await runCommand('explain', 'nowhere', 'a@sha256:0', '--data', '/nonexistent', '--json');
  const { error } = JSON.parse(json.err) as { error: { code: string } };
  assert.equal(error.code, 'REFERENCE_INVALID');
});

test('a usage error is a document for programs too', async () => {
  for (const argv of [
    ['publish', '--json'],
    ['bogus', '--json'],
  ]) {
    const { status, err } = await runCommand(...argv);
    assert.equal(status, exitCodes.usage);
    assert.equal((JSON.parse(err) as { error: { code: string } }).error.code, 'USAGE');
  }
});

// Whatever a mirror, a registry or a file says may come out anywhere: here each command is given such things itself.
test('no command lets through what a terminal acts upon', async () => {
  const evil = '\u001b[2J\u009b31m\u009d0;x\u009c\u007f\u0085\u202eevil\u2066\u2028\u2029\r';
  const { stdin, stdout, stderr } = process;
  let told = 0;
  for (const [name, { load }] of Object.entries(verbs)) {
    const command = (await load()).createCommand(
      createTerminal({ stdin, stdout, stderr, signal: new AbortController().signal }),
    );
    const lines = [
      [name, evil],
      [name, `--${evil}`],
      [name, '--config', `/${evil}`, evil, evil],
      ...command.commands.map((inner) => [name, inner.name(), '--config', `/${evil}`, evil, evil]),
    ];
    for (const line of lines) {
      for (const json of [[], ['--json']]) {
        const { out, err } = await runCommand(...line, ...json);
        assert.doesNotMatch(out + err, /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u, JSON.stringify(line));
        if (json.length > 0 && err !== '') assert.match(JSON.stringify(JSON.parse(err)), /code/);
        if (err.includes('evil')) told += 1;
      }
    }
  }
  assert.ok(told > Object.keys(verbs).length, `${told} of them said what they were given`);
});

test('what is said of an old Node names the version that package.json asks for', () => {
  const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');
  const { engines } = JSON.parse(read('../../package.json')) as { engines: { node: string } };
  const [, least = ''] = /least = (\d+);/.exec(read('old-node.ts')) ?? [];
  assert.equal(engines.node, `>=${least}`);
  assert.match(read('main.ts'), /^#![^\n]*\nimport '\.\/old-node\.ts';\n/);
});
