import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTrustFiles, describeGaps } from './trust-files.ts';
import type { TrustedRule } from './trusted-rule.ts';

function rule(match: string, formats: TrustedRule['formats'], threshold = 1): TrustedRule {
  const keys = { openpgp: Buffer.from('o'), cosign: ['c'], notation: [Buffer.from('n')] };
  return { match, formats, metadata: [], threshold, ...keys };
}

function read(rules: readonly TrustedRule[], path: string): unknown {
  const file = createTrustFiles('images.example.org', rules).find((one) => one.path === path);
  return file === undefined ? undefined : JSON.parse(Buffer.from(file.bytes).toString());
}

test('a repository, a prefix and everything become scopes, and the rest of the registry is rejected', () => {
  const rules = [rule('fedora/base', ['simple']), rule('tools/*', ['simple']), rule('tools/a', ['simple'])];
  const { transports } = read(rules, 'containers/policy.json') as {
    transports: { docker: Record<string, { type: string }[]> };
  };
  assert.deepEqual(
    Object.entries(transports.docker).map(([scope, [first]]) => [scope, first?.type]),
    [
      ['images.example.org/fedora/base', 'signedBy'],
      // "tools/a" is left out: the rule before it covers it.
      ['images.example.org/tools', 'signedBy'],
      ['images.example.org', 'reject'],
    ],
  );
});

test('notation gets repositories by name and one policy for everything', () => {
  const rules = [rule('a/*', ['notation']), rule('b', ['notation']), rule('c/*', ['notation'])];
  const { trustPolicies } = read(rules, 'notation/trustpolicy.json') as {
    trustPolicies: { registryScopes: string[] }[];
  };
  assert.deepEqual(
    trustPolicies.map(({ registryScopes }) => registryScopes),
    [['images.example.org/b'], ['*']],
  );
  assert.ok(describeGaps(rules, false).some((note) => note.startsWith('c/*: notation knows no prefixes')));
});

test('a repository with cosign alone is verified by its attached signatures, and what nobody there knows is rejected', () => {
  const rules = [
    rule('a/both', ['simple', 'cosign']),
    rule('a/cosign', ['cosign', 'sigstore']),
    rule('a/notation', ['notation']),
    { ...rule('b/*', ['cosign']), cosign: ['c', 'd'] },
    rule('*', ['simple']),
  ];
  const { transports } = read(rules, 'containers/policy.json') as {
    transports: { docker: Record<string, Record<string, unknown>[]> };
  };
  const at = (scope: string) => transports.docker[`images.example.org${scope}`]?.[0];
  assert.equal(at('/a/both')?.type, 'signedBy');
  assert.equal(at('/a/cosign')?.type, 'sigstoreSigned');
  assert.equal(at('/a/cosign')?.keyPath, '/etc/pki/containers/signpost-2-a-cosign-1.pub');
  assert.equal(at('/a/cosign')?.keyType, undefined);
  assert.deepEqual(at('/a/cosign')?.signedIdentity, { type: 'matchRepoDigestOrExact' });
  assert.deepEqual(at('/a/notation'), { type: 'reject' });
  assert.deepEqual(at('/b')?.keyPaths, [
    '/etc/pki/containers/signpost-4-b-1.pub',
    '/etc/pki/containers/signpost-4-b-2.pub',
  ]);
  assert.equal(at('')?.type, 'signedBy');
  assert.deepEqual(read(rules, 'containers/registries.d/signpost.yaml'), {
    docker: {
      'images.example.org/a/cosign': { 'use-sigstore-attachments': true },
      'images.example.org/b': { 'use-sigstore-attachments': true },
      'images.example.org': { lookaside: 'https://images.example.org/signatures' },
    },
  });
  const files = createTrustFiles('images.example.org', rules).map(({ path }) => path);
  for (const name of ['signpost-1-a-both.gpg', 'signpost-2-a-cosign-1.pub', 'signpost-4-b-2.pub']) {
    assert.ok(files.includes(`containers/keys/${name}`), name);
  }
  const notes = describeGaps(rules, false).join('\n');
  assert.match(notes, /^a\/notation: podman.* cannot verify it: .*rejects its images/m);
  assert.match(notes, /^a\/cosign: podman.* verify it by cosign's signatures/m);
  assert.match(notes, /^b\/\*: .*several keys/m);
});

test('where podman can verify nothing, nothing is exported for it, and that is said', () => {
  const rules = [rule('a', ['sigstore'])];
  assert.equal(read(rules, 'containers/policy.json'), undefined);
  assert.match(describeGaps(rules, false).join('\n'), /^a: podman.* they take its images unverified/m);
});

test('metadata that is demanded too is named, with who looks at it', () => {
  const rules = [{ ...rule('a', ['simple']), metadata: ['tuf', 'notary'] as const }];
  assert.match(describeGaps(rules, false).join('\n'), /^a: only clients of TUF and Notary v1 metadata and/m);
});

test('the script for cosign takes tags alone, and demands that they were signed', () => {
  const files = createTrustFiles('images.example.org', [rule('a/*', ['cosign'])]);
  const script = files.find(({ path }) => path === 'cosign/signpost-1-a.sh');
  const source = Buffer.from(script?.bytes ?? '').toString();
  assert.match(source, /cosign verify --key signpost-1-a-1\.pub .* -a "reference=\$1" "\$1"/);
  const folder = mkdtempSync(join(tmpdir(), 'signpost-script-'));
  try {
    writeFileSync(join(folder, 'verify.sh'), source);
    writeFileSync(join(folder, 'cosign'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    const run = (name: string) =>
      spawnSync('sh', [join(folder, 'verify.sh'), name], { env: { PATH: `${folder}:/usr/bin:/bin` } });
    assert.equal(run('images.example.org/a/b:1').status, 0);
    for (const name of [
      '',
      'images.example.org/a/b',
      'images.example.org/a/b@sha256:0',
      'images.example.org/a/b:1@sha256:0',
      'other.example.org/a/b:1',
    ]) {
      assert.equal(run(name).status, 2, name);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('formats that nobody demands have no files, and what clients cannot demand is said', () => {
  assert.deepEqual(
    createTrustFiles('images.example.org', [rule('a', ['sigstore'])]).map(({ path }) => path),
    ['cosign/signpost-1-a-1.pub', 'cosign/signpost-1-a.sh'],
  );
  const notes = describeGaps([rule('a', ['simple'], 2)], false);
  assert.ok(notes.some((note) => note.startsWith('a: 2 keys have to sign')));
  const cannot = (...formats: Parameters<typeof rule>[1][number][]) =>
    describeGaps([rule('a', formats)], false).find((note) => note.includes('has no keys for that'));
  assert.match(cannot('simple') ?? '', /^a: cosign and notation cannot verify it/);
  assert.match(cannot('notation') ?? '', /^a: cosign cannot verify it/);
  assert.match(cannot('cosign') ?? '', /^a: notation cannot verify it/);
  assert.equal(cannot('cosign', 'notation'), undefined);
});
