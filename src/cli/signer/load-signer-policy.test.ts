import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { loadSignerPolicy } from './load-signer-policy.ts';

const makeKey = () => generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' });
const keys: Readonly<Record<string, string>> = {
  'build.pub': makeKey(),
  'alice.pub': makeKey(),
  'bob.pub': makeKey(),
};
const load = (yaml: string) =>
  loadSignerPolicy(yaml, 'policy.yaml', (path) => Promise.resolve(keys[path] ?? ''));

const policy = `
requesters: { build: build.pub }
approvers: { alice: alice.pub, bob: bob.pub }
maximumAge: 2d
rules:
  - name: weekly
    repositories: ["fedora/*"]
    tags: ["4?"]
    requesters: [build]
    platforms: { required: [linux/amd64], allowed: [linux/arm64/v8] }
    changes: [changed, same]
    times: [{ days: [monday, sunday], from: "08:00", to: "18:30" }]
    approvals: { need: 2, of: [alice, bob] }
    maximumValidity: 30d
refuse: [{ repositories: ["secret/**"] }]
`;

test('a policy file is read, with the keys that it names', async () => {
  const { requesters, maximumAge, rules, refuse } = await load(policy);
  const [rule] = rules;
  assert.equal(requesters[0]?.name, 'build');
  assert.match(requesters[0]?.id ?? '', /^sha256:/);
  assert.equal(maximumAge, 2 * 86_400_000);
  assert.equal(rule?.repositories[0]?.('fedora/base'), true);
  assert.deepEqual([...(rule?.times[0]?.days ?? [])], [1, 0]);
  assert.deepEqual([rule?.times[0]?.from, rule?.times[0]?.to], [480, 1110]);
  assert.deepEqual([...(rule?.allowedPlatforms ?? [])], ['linux/arm64/v8', 'linux/amd64']);
  assert.equal(rule?.approvals.need, 2);
  assert.deepEqual([...(rule?.formats ?? [])], ['simple']);
  assert.equal(refuse[0]?.repositories[0]?.('secret/a/b'), true);
});

test('an empty file is a policy that allows nothing', async () => {
  assert.deepEqual((await load('')).rules, []);
});

for (const [what, from, to, message] of [
  ['an unknown setting', 'maximumAge', 'maximumage', /unknown setting "maximumage"/],
  ['a key twice', 'maximumAge: 2d', 'maximumAge: 2d\nmaximumAge: 3d', /unique/],
  ['a requester without a key', 'requesters: [build]', 'requesters: [built]', /requester "built" has no key/],
  ['an approver without a key', 'of: [alice, bob]', 'of: [alice, eve]', /approver "eve" has no key/],
  ['fewer approvers than needed', 'need: 2', 'need: 3', /fewer approvers than approvals needed/],
  ['one approver twice', 'of: [alice, bob]', 'of: [alice, alice]', /fewer approvers/],
  [
    'too few approvers for what one of them asks for',
    'requesters: { build: build.pub }',
    'requesters: { build: alice.pub }',
    /rule "weekly": 2 approvals are needed, and what build asks for only 1 others can approve/,
  ],
  ['a key under two names', 'bob: bob.pub', 'bob: alice.pub', /two names stand for the key sha256:/],
  [
    'a file without a key',
    'build: build.pub',
    'build: none.pub',
    /none\.pub does not hold just one public key/,
  ],
  ['a time without a unit', '2d', '2', /maximumAge: "?2"?/],
  ['an hour that no day has', '18:30', '25:00', /times\.0\.to: "25:00": expected a time of day/],
  ['an unknown format', 'maximumValidity: 30d', 'formats: [pgp]', /formats/],
  ['no repositories', '["fedora/*"]', '[]', /repositories/],
  ['a pattern that is too long', 'fedora/*', 'f'.repeat(300), /repositories/],
  ['no object', policy, '- a list', /policy\.yaml is not a valid signer's policy/],
  ['endless aliases', policy, 'a: &a [x]\nb: [*a,*b]', /policy\.yaml/],
] as const) {
  test(`a policy with ${what} is refused`, async () => {
    await assert.rejects(load(policy.replace(from, to)), { code: 'CONFIG_INVALID', message });
  });
}

test('two rules cannot have one name', async () => {
  const twice = policy.replace(
    'rules:',
    'rules:\n  - { name: weekly, repositories: [a], requesters: [build] }',
  );
  await assert.rejects(load(twice), { message: /two rules are named "weekly"/ });
});
