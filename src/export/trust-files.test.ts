import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TrustedRule, createTrustFiles, describeGaps } from './trust-files.ts';

function rule(match: string, formats: TrustedRule['formats'], threshold = 1): TrustedRule {
  const keys = { openpgp: Buffer.from('o'), cosign: [Buffer.from('c')], notation: [Buffer.from('n')] };
  return { match, formats, threshold, ...keys };
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

test('formats that nobody demands have no files, and what clients cannot demand is said', () => {
  assert.deepEqual(
    createTrustFiles('images.example.org', [rule('a', ['cosign'])]).map(({ path }) => path),
    ['cosign/signpost-1-a-1.pub', 'cosign/signpost-1-a.sh'],
  );
  assert.match(describeGaps([rule('a', ['simple'], 2)], false)[0] ?? '', /^a: 2 keys have to sign/);
});
