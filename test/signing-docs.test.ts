import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSignerPolicy } from '../src/cli/signer/load-signer-policy.ts';
import { signerPolicySchema } from '../src/cli/signer/signer-policy-schema.ts';
import { runCommand } from './fakes/run-command.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/signing.md'), 'utf8');

test('the policy in docs/signing.md is one, and names every setting', async () => {
  const [, yaml = ''] = /## The policy\n\n```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const policy = await loadSignerPolicy(yaml, 'policy.yaml', () =>
    Promise.resolve(generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' })),
  );
  assert.equal(policy.rules.length, 2);
  const rule = signerPolicySchema.shape.rules.unwrap().element;
  const settings = [...Object.keys(signerPolicySchema.shape), ...Object.keys(rule.shape)];
  assert.ok(settings.length > 10);
  for (const name of settings) assert.match(yaml, new RegExp(`\\b${name}:`), name);
});

test('the options that the documentation and the unit use are there', async () => {
  const unit = readFileSync(join(root, 'packaging/systemd/signpost-signer.service'), 'utf8');
  const { out: help } = await runCommand('signer', 'watch', '--help');
  const used = [...unit.matchAll(/(?<= )--[a-z-]+(?= )/g)]
    .map(([option]) => option)
    .filter((option) => option !== '--name');
  assert.ok(used.length > 3);
  for (const option of [...used, '--once', '--interval', '--maximum-size'])
    assert.ok(help.includes(option), option);
  assert.match(unit, /^PrivateNetwork=yes$/m);
});
