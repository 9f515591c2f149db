import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testRawSigner } from '../../../test/contracts/raw-signer.ts';
import { createRawKey } from '../../../test/fakes/raw-keys.ts';
import { createCommandRawSigner } from './command-raw-signer.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-command-'));
after(() => rmSync(folder, { recursive: true }));

const key = createRawKey();
const publicKey = { name: 'release.pub', bytes: Buffer.from(key.publicPem) };
const keyFile = join(folder, 'a key; with spaces.pem');
writeFileSync(keyFile, key.pem);

const script = (text: string) => [process.execPath, '--input-type=module', '--eval', text];
const signer = (command: readonly string[], timeout = 20_000) =>
  createCommandRawSigner({ command, publicKey, timeout });

const signing = `
  import { readFileSync } from 'node:fs';
  import { createPrivateKey, sign } from 'node:crypto';
  const bytes = readFileSync(0);
  process.stdout.write(sign('sha256', bytes, createPrivateKey(readFileSync(${JSON.stringify(keyFile)}))));
`;
testRawSigner('command', () => Promise.resolve(signer(script(signing))));
const skip = spawnSync('openssl', ['version']).error === undefined ? false : 'openssl is not installed';
testRawSigner(
  'openssl as the command',
  () => Promise.resolve(signer(['openssl', 'dgst', '-sha256', '-sign', keyFile])),
  skip,
);

test('what is no signature by the public key never leaves', { skip }, async () => {
  const other = createRawKey();
  const otherFile = join(folder, 'other.pem');
  writeFileSync(otherFile, other.pem);
  for (const command of [
    ['openssl', 'dgst', '-sha256', '-sign', otherFile],
    ['openssl', 'dgst', '-sha384', '-sign', keyFile],
    ['cat'],
    ['true'],
  ]) {
    await assert.rejects(signer(command).sign(Buffer.from('bytes')), {
      code: 'DENIED',
      message: /that are no signature by its own public key/,
    });
  }
});

test('a command that fails, hangs, floods or is not there says so', async () => {
  const cases = [
    [['no-such-program-anywhere'], 'UNAVAILABLE', /cannot run no-such-program-anywhere/],
    [script(`console.error('the safe is closed'); process.exit(3)`), 'DENIED', /\(3\): the safe is closed/],
    [
      script(`process.stdout.write(Buffer.alloc(1e6)); setTimeout(() => {}, 60_000)`),
      'LIMIT_EXCEEDED',
      /65536/,
    ],
    [script(`process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 60_000)`), 'DENIED', /SIGTERM/],
  ] as const;
  for (const [command, code, message] of cases) {
    await assert.rejects(signer(command).sign(Buffer.from('bytes')), { code, message });
  }
  const hanging = signer(script(`process.on('SIGTERM', () => {}); setTimeout(() => {}, 60_000)`), 500);
  await assert.rejects(hanging.sign(Buffer.from('bytes')), { code: 'DENIED', message: /in 0\.5 seconds/ });
});

test('no shell reads the command', async () => {
  const echo = signer(script('process.stderr.write(JSON.stringify(process.argv.slice(1))); process.exit(1)'));
  const told = createCommandRawSigner({
    command: [
      ...script('process.stderr.write(JSON.stringify(process.argv.slice(1))); process.exit(1)'),
      '$(id) ; *',
    ],
    publicKey,
    timeout: 20_000,
  });
  await assert.rejects(echo.sign(Buffer.alloc(0)), /\[\]/);
  await assert.rejects(told.sign(Buffer.alloc(0)), /\["\$\(id\) ; \*"\]/);
});

test('an empty command and a private key in place of the public one are refused', () => {
  assert.throws(() => signer([]), { code: 'CONFIG_INVALID', message: /the signing command is empty/ });
  const pem = { name: 'release.pem', bytes: Buffer.from(key.pem) };
  assert.throws(() => createCommandRawSigner({ command: ['cat'], publicKey: pem, timeout: 1000 }), {
    code: 'CONFIG_INVALID',
    message: /release\.pem holds a private key/,
  });
});
