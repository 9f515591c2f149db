import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from '../../test/fakes/run-command.ts';
import { exitCodes } from './exit-codes.ts';
import { verbs } from './main.ts';
import { version } from './version.ts';

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
