import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { parseRegistryHost, parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import type { SignatureEvidence } from '../evidence.ts';
import type { AskedImage } from '../verify/signed-name.ts';
import { chooseRequirements, scopesOf } from './choose-requirements.ts';
import { identityMatches } from './identity-matches.ts';
import { judgeContainersRequirement } from './judge-containers.ts';
import { parseContainersPolicy } from './parse-policy.ts';
import type { PolicyRequirement, SignedIdentity } from './policy.ts';

const digest = digestOf('manifest');
const byTag: AskedImage = {
  host: parseRegistryHost('eu.images.example.org:5000'),
  repository: parseRepositoryName('fedora/base'),
  reference: parseTagName('41'),
};
const byDigest: AskedImage = { ...byTag, reference: digest };
const name = 'eu.images.example.org:5000/fedora/base';

test('scopes go from the reference to the domains, the most particular first', () => {
  const rest = [name, 'eu.images.example.org:5000/fedora', 'eu.images.example.org:5000'];
  const domains = ['*.images.example.org', '*.example.org', '*.org'];
  assert.deepEqual(scopesOf(byTag), [`${name}:41`, ...rest, ...domains]);
  assert.deepEqual(scopesOf(byDigest), [`${name}@${digest}`, ...rest, ...domains]);
  const accept = [{ type: 'insecureAcceptAnything' }];
  const reject = [{ type: 'reject' }];
  for (const scope of [...scopesOf(byTag), '']) {
    const policy = parse({
      default: reject,
      transports: { docker: { [scope]: accept }, dir: { '': accept } },
    });
    assert.equal(chooseRequirements(policy, byTag).requirements[0]?.type, 'insecureAcceptAnything', scope);
  }
  for (const scope of [
    `${name}:40`,
    'eu.images.example.org',
    'eu.images.example.org:5000/fed',
    '*.eu.images.example.org',
  ]) {
    const policy = parse({ default: reject, transports: { docker: { [scope]: accept } } });
    assert.equal(chooseRequirements(policy, byTag).requirements[0]?.type, 'reject', scope);
  }
});

test('each kind of identity takes what containers/image takes', () => {
  const remap = {
    type: 'remapIdentity',
    prefix: 'eu.images.example.org:5000/fedora',
    signedPrefix: 'origin.test/f',
  } as const;
  const cases: readonly [SignedIdentity, AskedImage, string, boolean][] = [
    [{ type: 'matchRepoDigestOrExact' }, byTag, `${name}:41`, true],
    [{ type: 'matchRepoDigestOrExact' }, byTag, `${name}:40`, false],
    [{ type: 'matchRepoDigestOrExact' }, byTag, name, false],
    [{ type: 'matchRepoDigestOrExact' }, byDigest, `${name}:40`, true],
    [{ type: 'matchRepoDigestOrExact' }, byDigest, 'eu.images.example.org:5000/fedora:40', false],
    [{ type: 'matchExact' }, byTag, `${name}:41`, true],
    [{ type: 'matchExact' }, byDigest, `${name}:41`, false],
    [{ type: 'matchRepository' }, byTag, `${name}:40`, true],
    [{ type: 'matchRepository' }, byTag, `${name}2:41`, false],
    [{ type: 'exactReference', dockerReference: 'a.test/b:1' }, byTag, 'a.test/b:1', true],
    [{ type: 'exactReference', dockerReference: 'a.test/b:1' }, byTag, `${name}:41`, false],
    [{ type: 'exactReference', dockerReference: 'a.test/b' }, byTag, 'a.test/b', false],
    [{ type: 'exactRepository', dockerRepository: 'a.test/b' }, byTag, 'a.test/b:7', true],
    [{ type: 'exactRepository', dockerRepository: 'a.test/b' }, byTag, 'a.test/c:7', false],
    [remap, byTag, 'origin.test/f/base:41', true],
    [remap, byTag, `${name}:41`, false],
    [{ ...remap, prefix: 'eu.images.example.org:5000/fed' }, byTag, `${name}:41`, true],
  ];
  for (const [identity, asked, signed, matches] of cases) {
    assert.equal(identityMatches(identity, asked, signed), matches, `${identity.type} ${signed}`);
  }
});

test('each way in which a requirement fails has a reason of its own', () => {
  const signedBy: PolicyRequirement = {
    type: 'signedBy',
    keys: { keyPaths: ['k'] },
    signedIdentity: { type: 'matchRepoDigestOrExact' },
  };
  const message = (changes: {
    reference?: string;
    digest?: string;
    type?: string;
    optional?: unknown;
  }): SignatureEvidence => ({
    kind: 'signed',
    fingerprint: 'A',
    created: 0,
    expires: 100,
    payload: Buffer.from(
      JSON.stringify({
        critical: {
          type: changes.type ?? 'atomic container signature',
          image: { 'docker-manifest-digest': changes.digest ?? digest },
          identity: { 'docker-reference': changes.reference ?? `${name}:41` },
        },
        optional: changes.optional ?? {},
      }),
    ),
  });
  const reasonOf = (
    evidence: readonly SignatureEvidence[],
    now = 50,
    requirement: PolicyRequirement = signedBy,
  ) => judgeContainersRequirement(requirement, evidence, byTag, digest, now).reason;
  assert.equal(reasonOf([message({})]), undefined);
  assert.equal(reasonOf([message({ optional: { creator: 'atomic', timestamp: 1, more: true } })]), undefined);
  assert.equal(reasonOf([{ kind: 'forged', reason: 'x' }, message({})]), undefined);
  assert.equal(reasonOf([]), 'missing');
  assert.equal(reasonOf([{ kind: 'forged', reason: 'x' }]), 'forged');
  assert.equal(reasonOf([{ kind: 'unknown-key', keyId: 'B' }]), 'unknown-key');
  assert.equal(reasonOf([message({ type: 'a letter' })]), 'wrong-payload');
  assert.equal(reasonOf([message({ digest: digestOf('other') })]), 'wrong-digest');
  assert.equal(reasonOf([message({ reference: `${name}:40` })]), 'wrong-reference');
  assert.equal(reasonOf([message({})], 100), 'expired');
  assert.equal(reasonOf([message({})], 50, { type: 'reject' }), 'rejected');
  assert.equal(reasonOf([message({})], 50, { type: 'sigstoreSigned' }), 'unsupported');
  assert.equal(reasonOf([], 50, { type: 'insecureAcceptAnything' }), undefined);
});

test('a policy that containers/image would refuse is refused, with its path', () => {
  const by = { type: 'signedBy', keyType: 'GPGKeys' };
  const wrong: readonly [unknown, RegExp][] = [
    [{}, /has no "default"/],
    [{ default: [] }, /default is .*expected a list/],
    [{ default: [{ type: 'accept' }] }, /default\[0\] type is "accept"/],
    [{ default: [{ type: 'reject', more: 1 }] }, /unknown field "more"/],
    [{ default: [{ ...by }] }, /exactly one of/],
    [{ default: [{ ...by, keyPath: 'a', keyPaths: ['b'] }] }, /exactly one of/],
    [{ default: [{ ...by, keyType: 'X509', keyPath: 'a' }] }, /keyType is "X509"/],
    [{ default: [{ ...by, keyData: '!' }] }, /keyData is "!"/],
    [{ default: [{ ...by, keyPath: 'a', signedIdentity: { type: 'any' } }] }, /signedIdentity type is "any"/],
    [{ default: [{ type: 'reject' }], transports: { docker: { a: [] } } }, /transports "docker" "a" is/],
    [{ default: [{ type: 'reject' }], other: 1 }, /unknown field "other"/],
  ];
  for (const [policy, message] of wrong) {
    assert.throws(() => parse(policy), { code: 'CONFIG_INVALID', message });
  }
  const twice = Buffer.from('{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}');
  assert.throws(() => parseContainersPolicy(twice, 'policy.json'), /"default" twice/);
});

function parse(policy: unknown) {
  return parseContainersPolicy(Buffer.from(JSON.stringify(policy)), 'policy.json');
}
