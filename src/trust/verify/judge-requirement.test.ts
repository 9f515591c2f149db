import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { parseRegistryHost, parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import type { Evidence, StatedEvidence } from '../evidence.ts';
import { judgeRequirement } from './judge-requirement.ts';
import type { ExpectedImage, Requirement, SignedRequirement, VerifyingRule } from './requirement.ts';
import { type NameRule, expectedName, nameMatches } from './signed-name.ts';

const now = Date.UTC(2026, 10, 23);
const day = 86_400_000;
const digest = digestOf('list');
const asked = {
  host: parseRegistryHost('images.example.org'),
  repository: parseRepositoryName('fedora/base'),
  reference: parseTagName('41'),
};
const good: StatedEvidence = {
  kind: 'signed',
  fingerprint: 'A',
  reference: 'images.example.org/fedora/base:41',
  digest,
  serial: 5,
  created: now - day,
  expires: now + day,
};
const exact: VerifyingRule = { name: { match: 'tag' } };
const expected = { name: expectedName(asked, exact.name), digest, list: digest };

function leaf(format: SignedRequirement['format'], threshold = 1): SignedRequirement {
  return { kind: 'signed', format, fingerprints: new Set(['A', 'B']), threshold };
}

function given(signatures: Iterable<readonly [SignedRequirement, readonly Evidence[]]>) {
  return { signatures: new Map(signatures), metadata: new Map() };
}

function judge(
  evidence: readonly Evidence[],
  changes: { rule?: VerifyingRule; expected?: Partial<ExpectedImage>; leaf?: SignedRequirement } = {},
) {
  const one = changes.leaf ?? leaf('simple');
  const against = { ...expected, ...changes.expected };
  return judgeRequirement(one, given([[one, evidence]]), changes.rule ?? exact, against, now);
}

test('every way in which a signature can be bad has a reason and words of its own', () => {
  const cases: readonly [string, readonly Evidence[], Parameters<typeof judge>[1]?][] = [
    ['missing', []],
    ['forged', [{ kind: 'forged', reason: 'it is' }]],
    ['unknown-key', [{ kind: 'unknown-key', keyId: 'C' }]],
    ['unusable-key', [{ kind: 'unusable-key', fingerprint: 'A', reason: 'revoked' }]],
    ['not-allowed-key', [{ ...good, fingerprint: 'C' }]],
    ['wrong-payload', [{ kind: 'wrong-payload', fingerprint: 'A', reason: 'a letter' }]],
    ['wrong-digest', [{ ...good, digest: digestOf('other') }]],
    ['wrong-reference', [{ ...good, reference: 'images.example.org/fedora/base:40' }]],
    ['wrong-descriptor', [{ ...good, size: 7 }], { expected: { ...expected, size: 8 } }],
    ['no-expiry', [{ ...good, expires: undefined }]],
    ['expired', [{ ...good, expires: now }]],
    ['not-yet-valid', [{ ...good, created: now + day }]],
    ['too-old', [good], { rule: { ...exact, maximumAge: day - 1 } }],
    ['rollback', [good], { expected: { seen: { serial: 6, digest } } }],
    ['conflict', [good], { expected: { seen: { serial: 5, digest: digestOf('other') } } }],
    ['threshold', [good, good], { leaf: leaf('simple', 2) }],
  ];
  const words = cases.map(([reason, evidence, changes]) => {
    const { step, serial } = judge(evidence, changes);
    assert.equal(step.ok, false, reason);
    assert.equal(step.reason, reason);
    assert.equal(serial, 0);
    return step.detail;
  });
  assert.equal(new Set(words).size, cases.length);
});

test('what is good is good, whatever else lies beside it', () => {
  const bad: Evidence = { kind: 'forged', reason: 'it is' };
  assert.deepEqual(judge([bad, good, { ...good, serial: 4 }]).serial, 5);
  assert.ok(judge([good], { expected: { seen: { serial: 5, digest } } }).step.ok);
  assert.ok(judge([good, { ...good, fingerprint: 'B' }], { leaf: leaf('simple', 2) }).step.ok);
  assert.ok(judge([{ ...good, expires: undefined }], { rule: { ...exact, maximumAge: 2 * day } }).step.ok);
});

test('of several signatures that do not count, the one that came furthest tells why', () => {
  const { step } = judge([
    { kind: 'forged', reason: 'x' },
    { ...good, expires: now },
    { kind: 'unknown-key', keyId: 'C' },
  ]);
  assert.equal(step.reason, 'expired');
});

test('k of n holds with k and more, for every k', () => {
  const leaves = [leaf('simple'), leaf('cosign'), leaf('sigstore')];
  for (let need = 1; need <= 3; need += 1) {
    for (let have = 0; have <= 3; have += 1) {
      const requirement: Requirement = { kind: 'some', need, of: leaves };
      const evidence = new Map(leaves.slice(0, have).map((one) => [one, [good]]));
      const { step, serial } = judgeRequirement(requirement, given(evidence), exact, expected, now);
      assert.equal(step.ok, have >= need, `${have} of ${need}`);
      assert.equal(serial, have >= need ? 5 : 0);
      if (!step.ok) assert.equal(step.reason, 'missing');
    }
  }
});

test('a name is matched whole, by repository, by digest, and under another prefix', () => {
  const rule = (changes: Partial<NameRule>): NameRule => ({ match: 'tag', ...changes });
  const remap = { prefix: 'images.example.org/fedora', signedPrefix: 'origin.example:5000/f' };
  assert.equal(expectedName(asked, rule({ remap })), 'origin.example:5000/f/base:41');
  assert.equal(
    expectedName(asked, rule({ remap: { prefix: 'images.example.org/fed', signedPrefix: 'x' } })),
    'images.example.org/fedora/base:41',
  );
  const byDigest = expectedName({ ...asked, reference: digest }, rule({}));
  for (const name of [expectedName(asked, rule({ match: 'repository' })), byDigest]) {
    assert.ok(nameMatches(name, 'images.example.org/fedora/base:40'));
    assert.ok(!nameMatches(name, 'images.example.org/fedora/base2:40'));
    assert.ok(!nameMatches(name, 'images.example.org/fedora:40'));
  }
  assert.ok(!nameMatches('images.example.org:5000', 'images.example.org:5000/base:1'));
  assert.ok(!nameMatches('images.example.org/base:1', 'images.example.org/base:1:2'));
});
