import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../test/fakes/run-command.ts';
import { exitCodes } from './terminal/exit-codes.ts';
import { verbs } from './program.ts';
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

const entry = join(import.meta.dirname, 'main.ts');
const root = join(import.meta.dirname, '../..');

test('the program asks for the Node that package.json asks for, in a file that an old Node can read', () => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const [, least = ''] = /least = (\d+);/.exec(readFileSync(entry, 'utf8')) ?? [];
  assert.equal(engines.node, `>=${least}`);
  assert.equal(realpathSync(entry), join(realpathSync(import.meta.dirname), 'main.js'));
});

test('an old Node says in one sentence what it lacks and what to do', (t) => {
  const old = (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, 'node'))
    .find((file) => existsSync(file) && versionOf(file) < Number.parseInt(process.versions.node, 10));
  if (old === undefined) return t.skip('no Node that is older than the project asks for is on the PATH');
  const { status, stdout, stderr } = spawnSync(old, [entry, '--version'], { encoding: 'utf8' });
  assert.equal(status, exitCodes.usage, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^[^\n]*Node [\d.]+ is too old: [^\n]*npm ci[^\n]*\n$/);
});

function versionOf(node: string): number {
  return Number.parseInt(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.slice(1), 10);
}
