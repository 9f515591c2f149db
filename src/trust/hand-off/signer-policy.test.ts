import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { parseGlob } from '../glob.ts';
import { type Petition, type SignerPolicy, type SignerRule, decide } from './signer-policy.ts';

const id = (name: string) => digestOf(name);
const named = (name: string) => ({ name, id: id(name), key: {} as never });
const now = Date.parse('2026-03-02T12:00:00Z');
const day = 86_400_000;

const rule: SignerRule = {
  name: 'weekly',
  repositories: [parseGlob('fedora/*')],
  tags: [parseGlob('4?'), parseGlob('latest')],
  requesters: new Set(['build']),
  requiredPlatforms: ['linux/amd64'],
  allowedPlatforms: new Set(['linux/amd64', 'linux/arm64/v8']),
  changes: new Set(['new', 'changed', 'same']),
  times: [],
  approvals: { need: 0, of: new Set() },
  maximumValidity: 100 * day,
  formats: new Set(['simple']),
};
const policy: SignerPolicy = {
  requesters: [named('build'), named('other')],
  approvers: [named('alice'), named('bob'), named('build')],
  maximumAge: 7 * day,
  rules: [rule],
  refuse: [{ repositories: [parseGlob('secret/**')], tags: [parseGlob('**')] }],
};
const image = {
  repository: 'fedora/base',
  tag: '41',
  reference: 'images.example.org/fedora/base:41',
  platforms: ['linux/amd64', 'linux/arm64/v8'],
  change: 'new' as const,
};
const petition: Petition = {
  header: { created: now / 1000 },
  images: [image],
  rollbacks: [],
  requester: { kind: 'sealed', key: id('build') },
  approvals: [],
  formats: ['simple'],
  life: 90 * day,
};

const withRule = (change: Partial<SignerRule>) => ({ ...policy, rules: [{ ...rule, ...change }] });
const withImage = (change: Partial<Petition['images'][number]>) => ({
  ...petition,
  images: [{ ...image, ...change }],
});

test('what a rule allows is signed', () => {
  assert.deepEqual(decide(policy, petition, now), {
    decision: { kind: 'allow' },
    images: [{ reference: image.reference, decision: { kind: 'allow' } }],
  });
});

const inHours = [{ days: new Set([1]), from: 8 * 60, to: 11 * 60 }];
for (const [what, given, asked, reason] of [
  ['nobody vouches for', policy, { ...petition, requester: { kind: 'unsealed' } }, /nobody vouches/],
  [
    'a stranger vouches for',
    policy,
    { ...petition, requester: { kind: 'unknown-key', key: id('mallory') } },
    /not a requester's key/,
  ],
  [
    'another requester vouches for',
    policy,
    { ...petition, requester: { kind: 'sealed', key: id('other') } },
    /other may not ask/,
  ],
  ['no rule names', policy, withImage({ repository: 'debian/base' }), /no rule is about it/],
  ['no rule names the tag of', policy, withImage({ tag: '411' }), /no rule is about it/],
  ['lacks a platform', policy, withImage({ platforms: ['linux/arm64/v8'] }), /lacks linux\/amd64/],
  [
    'brings a foreign platform',
    policy,
    withImage({ platforms: ['linux/amd64', 'linux/s390x'] }),
    /has linux\/s390x, which is not allowed/,
  ],
  ['is new', withRule({ changes: new Set(['same']) }), petition, /it is new/],
  ['comes at night', withRule({ times: inHours }), petition, /nothing is signed at this time/],
  ['would live too long', policy, { ...petition, life: 101 * day }, /valid for longer/],
  ['asks for another format', policy, { ...petition, formats: ['simple', 'cosign'] }, /signed as cosign/],
  [
    'lacks approvals',
    withRule({ approvals: { need: 2, of: new Set(['alice', 'bob']) } }),
    { ...petition, approvals: [id('alice'), id('alice'), id('mallory')] },
    /1 of 2 approvals/,
  ],
  [
    'was approved by who asks',
    withRule({ approvals: { need: 1, of: new Set(['build']) } }),
    { ...petition, approvals: [id('build')] },
    /0 of 1 approvals/,
  ],
  [
    'was made in the future',
    policy,
    { ...petition, header: { created: now / 1000 + 3600 } },
    /which is in the future: .*check both clocks/,
  ],
  [
    'was made long ago',
    policy,
    { ...petition, header: { created: (now - 8 * day) / 1000 } },
    /kept the request back/,
  ],
  [
    'shows that the signer has an old clock',
    policy,
    withImage({ change: 'same', previous: { signed: now + day } }),
    /set the clock/,
  ],
] as const satisfies readonly (readonly [string, SignerPolicy, Petition, RegExp])[]) {
  test(`a request waits for a person when it ${what}`, () => {
    const { decision } = decide(given, asked, now);
    assert.equal(decision.kind, 'wait');
    assert.match(decision.kind === 'wait' ? decision.reasons.join('\n') : '', reason);
  });
}

test('enough approvals, the right hour and a little difference of the clocks are fine', () => {
  const approved = withRule({ approvals: { need: 2, of: new Set(['alice', 'bob']) } });
  const asked = { ...petition, approvals: [id('bob'), id('alice')] };
  assert.equal(decide(approved, asked, now).decision.kind, 'allow');
  const timed = withRule({ times: [{ days: new Set([1]), from: 12 * 60, to: 13 * 60 }] });
  assert.equal(decide(timed, petition, now).decision.kind, 'allow');
  const ahead = { ...petition, header: { created: now / 1000 + 240 } };
  assert.equal(decide(policy, ahead, now).decision.kind, 'allow');
});

test('one rule has to allow all of an image: two halves do not make a whole', () => {
  const halves = {
    ...policy,
    rules: [
      { ...rule, name: 'who', requiredPlatforms: ['linux/riscv64'] },
      { ...rule, name: 'what', requesters: new Set(['other']) },
    ],
  };
  const { decision } = decide(halves, petition, now);
  assert.equal(decision.kind, 'wait');
  assert.equal(decision.kind === 'wait' && decision.reasons.length, 2);
  assert.equal(
    decide({ ...halves, rules: [...halves.rules, { ...rule, name: 'whole' }] }, petition, now).decision.kind,
    'allow',
  );
});

test('one image that waits keeps the whole request waiting, and one that is refused spoils it', () => {
  const foreign = { ...image, repository: 'debian/base', reference: 'images.example.org/debian/base:41' };
  const waiting = decide(policy, { ...petition, images: [image, foreign] }, now);
  assert.equal(waiting.decision.kind, 'wait');
  assert.deepEqual(
    waiting.images.map(({ decision }) => decision.kind),
    ['allow', 'wait'],
  );
  const secret = { ...image, repository: 'secret/a/b', reference: 'images.example.org/secret/a/b:41' };
  const refused = decide(policy, { ...petition, images: [image, foreign, secret] }, now);
  assert.deepEqual(refused.decision, {
    kind: 'refuse',
    reasons: ['images.example.org/secret/a/b:41: the policy refuses it'],
  });
});

test('a forged seal and a request that goes back are refused without asking anybody', () => {
  const forged = { ...petition, requester: { kind: 'forged', key: id('build') } } as const;
  assert.equal(decide(policy, forged, now).decision.kind, 'refuse');
  const back = { ...petition, rollbacks: [{ repository: 'h/fedora/base', recorded: 7, requested: 7 }] };
  const { decision } = decide(policy, back, now);
  assert.match(decision.kind === 'refuse' ? decision.reasons.join() : '', /request 7 is not newer/);
});

test('an empty policy allows nothing', () => {
  const empty = { requesters: [], approvers: [], maximumAge: 7 * day, rules: [], refuse: [] };
  assert.equal(decide(empty, petition, now).decision.kind, 'wait');
});
