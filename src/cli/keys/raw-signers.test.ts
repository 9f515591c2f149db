import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chainToPem } from '../../../test/fakes/certificate-pem.ts';
import { createRawKey } from '../../../test/fakes/raw-keys.ts';
import { createTestChain } from '../../../test/fakes/signing-certificates.ts';
import { createSoftToken, softTokenMissing } from '../../../test/fakes/soft-token.ts';
import { openRawSigner } from './raw-signers.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-raw-'));
after(() => rmSync(folder, { recursive: true }));

const skip = softTokenMissing();
const never = () => Promise.reject(new Error('a secret was asked for'));
const open = (name: string, changes: object = {}) =>
  openRawSigner({ name, passphraseFile: undefined, ask: never, ...changes });
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test('a name is that of a PEM file', async () => {
  const key = createRawKey();
  const signer = await open(write('key.pem', key.pem));
  assert.deepEqual(signer.publicKey, key.publicKey.export({ type: 'spki', format: 'der' }));
  assert.equal(signer.certificates, undefined);
});

test('a chain comes from the leaf to the root, and its leaf is for the key', async () => {
  const made = await createTestChain(Date.now(), {}, {});
  const pem = chainToPem(made);
  const [key, chain, root] = [
    write('leaf.pem', pem.key),
    write('chain.pem', pem.chain),
    write('root.pem', pem.root),
  ];
  const { certificates } = await open(key, { chain });
  assert.deepEqual(
    certificates?.map(String),
    made.certificates.map((der) => String(Buffer.from(der))),
  );
  await assert.rejects(open(key, { chain: root }), {
    code: 'CONFIG_INVALID',
    message: /leaf\.pem: the first certificate of the chain is for another key/,
  });
});

test('or a file that says which program signs', async () => {
  const key = createRawKey();
  write('command.pub', key.publicPem);
  const script = `
    const { readFileSync } = require('node:fs');
    const { sign } = require('node:crypto');
    process.stdout.write(sign('sha256', readFileSync(0), readFileSync(process.argv[1])));
  `;
  const command = [process.execPath, '-e', script, write('command.pem', key.pem)];
  const signer = await open(
    `command:${write('sign.json', JSON.stringify({ command, publicKey: 'command.pub' }))}`,
  );
  assert.ok((await signer.sign(Buffer.from('bytes'))).length > 60);
  for (const text of [
    '',
    '[]',
    '{"command":"x","publicKey":"y"}',
    '{"command":[],"publicKey":"y"}',
    '{"command":["x"]}',
  ]) {
    await assert.rejects(open(`command:${write('bad.json', text)}`), {
      code: 'CONFIG_INVALID',
      message: /bad\.json does not say how to sign: expected JSON like/,
    });
  }
});

test('or a PKCS #11 URI, with the PIN in a file, or asked for', { skip }, async (context) => {
  const token = createSoftToken();
  const before = process.env.SOFTHSM2_CONF;
  process.env.SOFTHSM2_CONF = token.environment.SOFTHSM2_CONF;
  context.after(() => {
    if (before === undefined) delete process.env.SOFTHSM2_CONF;
    else process.env.SOFTHSM2_CONF = before;
    token.remove();
  });
  const uri = `pkcs11:token=${encodeURIComponent(token.tokenLabel)};id=%01?module-path=${token.module}`;
  const pinFile = write('pin', `${token.pin}\n`);
  const ask = () => Promise.resolve(token.pin);
  const fromUri = await open(`${uri}&pin-source=file:${pinFile}`);
  const fromFile = await open(uri, { passphraseFile: pinFile });
  const asked = await open(uri, { ask });
  assert.deepEqual(fromUri.publicKey, fromFile.publicKey);
  assert.deepEqual(asked.publicKey, fromFile.publicKey);
  assert.ok((await fromUri.sign(Buffer.from('bytes'))).length > 60);

  // The key stays in the token, and its certificate is beside it.
  const made = await createTestChain(Date.now(), { publicKey: fromUri.publicKey }, {});
  const withChain = await open(uri, { ask, chain: write('token-chain.pem', chainToPem(made).chain) });
  assert.equal(withChain.certificates?.length, 2);
});
