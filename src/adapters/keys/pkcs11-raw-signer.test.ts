import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testRawSigner } from '../../../test/contracts/raw-signer.ts';
import { createSoftToken, softTokenMissing } from '../../../test/fakes/soft-token.ts';
import { type Pkcs11Options, createPkcs11RawSigner } from './pkcs11-raw-signer.ts';

const skip = softTokenMissing();
const token = skip === false ? createSoftToken() : undefined;
after(() => token?.remove());

function options(changes: Partial<Pkcs11Options> = {}): Pkcs11Options {
  assert.ok(token !== undefined);
  const { module, tokenLabel, pin, environment } = token;
  return { module, tokenLabel, pin, environment, keyId: '01', timeout: 20_000, ...changes };
}

testRawSigner('PKCS #11 token (SoftHSM)', () => createPkcs11RawSigner(options()), skip);

test('a token, key or PIN that is not there says so, and the PIN is never shown', { skip }, async () => {
  for (const [changes, code, message] of [
    [{ tokenLabel: 'another' }, 'DENIED', /No slot with token named "another" found/],
    [{ keyId: '02' }, 'DENIED', /object not found|there is no public key/i],
    [{ keyId: '01 --delete-object' }, 'CONFIG_INVALID', /is not a key's ID/],
    [{ pin: '777888' }, 'DENIED', /CKR_PIN_INCORRECT/],
    [{ module: '/nowhere/lib.so' }, 'DENIED', /pkcs11-tool failed/],
  ] as const) {
    await assert.rejects(createPkcs11RawSigner(options(changes)), (error: Error & { code: string }) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /777888/);
      return true;
    });
  }
});

test('a key of another kind is refused', { skip }, async () => {
  const other = createSoftToken('rsa:2048');
  try {
    const { module, tokenLabel, pin, environment } = other;
    await assert.rejects(createPkcs11RawSigner(options({ module, tokenLabel, pin, environment })), {
      code: 'CONFIG_INVALID',
      message: /is a key of kind rsa 2048: expected ECDSA on P-256/,
    });
  } finally {
    other.remove();
  }
});

test('the PIN is handed over in the environment, never as an argument', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-argv-'));
  try {
    const said = join(folder, 'said');
    writeFileSync(
      join(folder, 'pkcs11-tool'),
      `#!/bin/sh\necho "$*" >'${said}'\n[ "$SIGNPOST_PKCS11_PIN" = 4321 ]`,
    );
    chmodSync(join(folder, 'pkcs11-tool'), 0o755);
    const made = createPkcs11RawSigner({
      module: 'm.so',
      tokenLabel: 't',
      keyId: '01',
      pin: '4321',
      environment: { PATH: folder },
      timeout: 20_000,
    });
    // The stand-in succeeds only when it sees the PIN; it has no key to show.
    await assert.rejects(made, { code: 'DENIED', message: /there is no public key/ });
    assert.match(readFileSync(said, 'utf8'), /--pin env:SIGNPOST_PKCS11_PIN/);
    assert.doesNotMatch(readFileSync(said, 'utf8'), /4321/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
