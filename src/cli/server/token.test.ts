import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { exitCodes } from '../terminal/exit-codes.ts';

let data = '';
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'signpost-token-command-'));
});
afterEach(() => rmSync(data, { recursive: true }));

const token = (...argv: readonly string[]) => runCommand('token', ...argv, '--data', data);
const list = async () =>
  (JSON.parse((await token('list', '--json')).out) as { tokens: readonly Record<string, string>[] }).tokens;

test('a token is shown once, listed without its secret, and revoked', async () => {
  assert.match((await token('list')).out, /no tokens: make one/);
  const { out, status } = await token('create', '--role', 'operator', '--label', 'Ada', '--expires', '90d');
  assert.equal(status, exitCodes.ok);
  assert.match(out, /^signpost_[0-9a-f]{16}_[A-Za-z0-9_-]{43}\n$/);
  const [, id = '', secret = ''] = /^signpost_([^_]*)_(.*)\n$/.exec(out) ?? [];
  assert.deepEqual(
    (await list()).map(({ id, role, label, state }) => ({ id, role, label, state })),
    [{ id, role: 'operator', label: 'Ada', state: 'good' }],
  );
  for (const name of readdirSync(data)) {
    assert.equal(readFileSync(join(data, name)).includes(secret), false, `${name} has the secret`);
  }
  assert.match((await token('revoke', id)).out, new RegExp(`^revoked ${id} \\(Ada\\)\n$`));
  assert.match((await token('list')).out, new RegExp(`^${id} +operator +- +revoked +.* +never +Ada$`, 'm'));

  const audit = await runCommand('audit', '--json', '--data', data);
  const { entries } = JSON.parse(audit.out) as { entries: readonly Record<string, string>[] };
  assert.deepEqual(
    entries.map(({ action, subject }) => [action, subject]),
    [
      ['token.revoke', id],
      ['token.create', id],
    ],
  );
  assert.match(entries[0]?.who ?? '', /^user \S+$/);
  assert.equal(audit.out.includes(secret), false);
});

test('a mirror has tokens of its own', async () => {
  await runCommand('mirror', 'add', 'uni', 'https://uni.example.org', '--country', 'DE', '--data', data);
  assert.equal(
    (await token('create', '--role', 'mirror', '--mirror', 'uni', '--label', 'sync')).status,
    exitCodes.ok,
  );
  assert.equal((await list())[0]?.mirror, 'uni');
  await runCommand('mirror', 'remove', 'uni', '--yes', '--data', data);
  assert.equal((await list())[0]?.mirror, 'a removed one');
});

test('what cannot be a token is refused and changes nothing', async () => {
  const cases = [
    [token('create', '--role', 'king', '--label', 'x'), exitCodes.usage, /operator, publisher, mirror/],
    [token('create', '--role', 'operator'), exitCodes.usage, /--label/],
    [token('create', '--label', 'x'), exitCodes.usage, /--role/],
    [token('create', '--role', 'mirror', '--label', 'x'), exitCodes.usage, /--mirror/],
    [token('create', '--role', 'operator', '--mirror', 'uni', '--label', 'x'), exitCodes.usage, /--mirror/],
    [token('create', '--role', 'mirror', '--mirror', 'uni', '--label', 'x'), exitCodes.notFound, /"uni"/],
    [token('create', '--role', 'operator', '--label', 'a\nb'), exitCodes.usage, /on one line/],
    [token('create', '--role', 'operator', '--label', 'x', '--expires', '0d'), exitCodes.usage, /90d/],
    [
      token('create', '--role', 'operator', '--label', 'x', '--expires', '800d'),
      exitCodes.usage,
      /two years/,
    ],
    [token('revoke', '0123456789abcdef'), exitCodes.notFound, /no token/],
    [runCommand('audit', '--limit', '0', '--data', data), exitCodes.usage, /whole number/],
  ] as const;
  for (const [running, status, message] of cases) {
    const result = await running;
    assert.match(result.err, message);
    assert.equal(result.status, status, result.err);
  }
  assert.deepEqual(await list(), []);
});
