import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRawSigner } from '../src/cli/keys/raw-signers.ts';
import { readTrustedRoots } from '../src/cli/trust/trusted-roots.ts';
import { createNotationSigner } from '../src/signer/notation-signer.ts';
import { digestOf } from '../src/oci/digest.ts';
import { readNotation } from '../src/trust/notation/read-notation.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/signing-keys.md'), 'utf8');
const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed';

test('the commands of docs/signing-keys.md make certificates that sign', { skip }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-keys-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const [, commands] = /## A certificate for notation\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(page) ?? [];
  assert.ok(commands !== undefined, 'there are no commands');
  execFileSync('sh', ['-e', '-c', commands], { cwd: folder, stdio: 'pipe', timeout: 60_000 });

  const raw = await openRawSigner({
    name: join(folder, 'leaf.key'),
    passphraseFile: undefined,
    ask: () => Promise.reject(new Error('a passphrase was asked for')),
    chain: join(folder, 'chain.pem'),
  });
  const created = Math.ceil(Date.now() / 1000) * 1000;
  const statement = {
    reference: 'images.example.org/fedora/base:41',
    digest: digestOf('a manifest'),
    mediaType: 'application/vnd.oci.image.index.v1+json',
    size: 10,
    serial: 1,
    created,
    expires: created + 86_400_000,
    creator: 'test',
  };
  const envelope = await createNotationSigner(raw).sign(statement);
  const roots = await readTrustedRoots(join(folder, 'root.pem'));
  assert.equal(readNotation(envelope, roots, created).kind, 'signed');
});
