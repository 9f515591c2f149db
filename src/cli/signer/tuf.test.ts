import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand, runCommandWith } from '../../../test/fakes/run-command.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-tuf-'));
const at = (name: string) => join(root, name);
after(() => rm(root, { recursive: true }));

before(async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cipher = { cipher: 'aes-256-cbc', passphrase: 'correct horse' };
  await writeFile(at('ann.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(at('ann.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(at('locked.pem'), privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }));
  const roles = ['root', 'targets', 'snapshot', 'timestamp'].flatMap((role) => [`--${role}`, at('ann.pub')]);
  const { status, err } = await runCommand('tuf', 'root', 'create', ...roles, '-o', at('draft.json'));
  assert.equal(status, 0, err);
});

const sign = (...more: string[]) => [
  'tuf',
  'root',
  'sign',
  at('draft.json'),
  '-o',
  at('signed.json'),
  ...more,
];

test('a root is signed without a terminal: with --yes, or with an answer that is piped in', async () => {
  const key = ['--key', at('ann.pem')];
  assert.equal((await runCommand(...sign(...key, '--yes'))).status, 0);
  await rm(at('signed.json'));
  const piped = await runCommandWith('y\n', ...sign(...key));
  assert.equal(piped.status, 0, piped.err);
  assert.match(piped.err, /TUF root, version 1[\s\S]*Sign this root\? \[y\/N\]/);
  const { signatures } = JSON.parse(await readFile(at('signed.json'), 'utf8')) as { signatures: unknown[] };
  assert.equal(signatures.length, 1);
  await rm(at('signed.json'));
});

test('an answer and a passphrase come one after the other', async () => {
  const { status, err } = await runCommandWith('yes\ncorrect horse\n', ...sign('--key', at('locked.pem')));
  assert.equal(status, 0, err);
  await rm(at('signed.json'));
});

test('without an answer nothing is signed, and the message says what to do', async () => {
  const silent = await runCommand(...sign('--key', at('ann.pem')));
  assert.equal(silent.status, 2, silent.err);
  assert.match(silent.err, /no terminal to ask on, and no answer was piped in: add --yes/);
  const refused = await runCommandWith('n\n', ...sign('--key', at('ann.pem')));
  assert.notEqual(refused.status, 0);
  await assert.rejects(readFile(at('signed.json')));
});
