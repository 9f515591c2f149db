import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import { describeRefusal } from './describe-refusal.ts';
import type { Evidence, SignedEvidence } from './evidence.ts';
import { judgeSignatures } from './judge-signatures.ts';
import { readSimpleEvidence } from './simple-evidence.ts';
import { formatSimpleSigning } from './simple-signing.ts';

const now = 1_800_000_000_000;
const day = 86_400_000;
const expected = { reference: 'host/a:1', digest: digestOf('list'), serial: 5 };
const policy = { fingerprints: new Set(['A', 'B', 'C']), threshold: 1, maximumValidity: 90 * day };

function signed(
  changes: Partial<SignedEvidence> = {},
  content: Partial<Parameters<typeof formatSimpleSigning>[0]> = {},
): Evidence {
  const payload = formatSimpleSigning({ ...expected, creator: 'x', timestamp: 1, ...content });
  const message = { fingerprint: 'A', payload, created: now - day, expires: now + day, ...changes };
  return readSimpleEvidence({ ...message, kind: 'signed' });
}
const reasonOf = (...evidence: Evidence[]) => {
  const verdict = judgeSignatures(evidence, policy, expected, now);
  return verdict.accepted ? 'accepted' : verdict.reason.kind;
};

test('a good signature is accepted until it expires', () => {
  const evidence = signed();
  assert.deepEqual(judgeSignatures([evidence], policy, expected, now), {
    accepted: true,
    expires: now + day,
    signed: [evidence],
  });
});

test('each thing that can be wrong has its own reason', () => {
  for (const [evidence, kind] of [
    [{ kind: 'forged', reason: 'x' }, 'forged'],
    [{ kind: 'unknown-key', keyId: 'X' }, 'unknown-key'],
    [{ kind: 'unusable-key', fingerprint: 'A', reason: 'revoked' }, 'unusable-key'],
    [signed({ fingerprint: 'D' }), 'not-allowed-key'],
    [signed({ expires: undefined }), 'no-expiry'],
    [signed({ expires: now }), 'expired'],
    [signed({ created: now + 6 * 60_000 }), 'not-yet-valid'],
    [signed({ expires: now + 89 * day + 1 }), 'lives-too-long'],
    [signed({ payload: Buffer.from('{}') }), 'wrong-payload'],
    [signed({}, { reference: 'host/b:1' }), 'wrong-reference'],
    [signed({}, { reference: 'host/a:2' }), 'wrong-reference'],
    [signed({}, { digest: digestOf('other') }), 'wrong-digest'],
    [signed({}, { serial: 4 }), 'wrong-serial'],
  ] as const) {
    const verdict = judgeSignatures([evidence], policy, expected, now);
    assert.ok(!verdict.accepted);
    assert.equal(verdict.reason.kind, kind);
    assert.ok(describeRefusal(verdict.reason).length > 20);
  }
  assert.equal(reasonOf(), 'missing');
});

test('what a signature says is judged before its times, and its times before its request', () => {
  assert.equal(reasonOf(signed({ expires: now }, { digest: digestOf('other'), serial: 4 })), 'wrong-digest');
  assert.equal(reasonOf(signed({ expires: now }, { reference: 'host/b:1', serial: 4 })), 'wrong-reference');
  assert.equal(reasonOf(signed({ expires: now }, { serial: 4 })), 'expired');
});

test('at the edges: life, clock tolerance and expiry', () => {
  assert.equal(reasonOf(signed({ expires: now + 89 * day })), 'accepted');
  assert.equal(reasonOf(signed({ created: now + 5 * 60_000 })), 'accepted');
  assert.equal(reasonOf(signed({ expires: now + 1 })), 'accepted');
});

test('one good signature is enough beside bad ones; with none, the first reason counts', () => {
  assert.equal(reasonOf({ kind: 'forged', reason: 'x' }, signed()), 'accepted');
  assert.equal(reasonOf({ kind: 'unknown-key', keyId: 'x' }, { kind: 'forged', reason: 'x' }), 'unknown-key');
});

test('a threshold counts keys, not signatures', () => {
  const two = { ...policy, threshold: 2 };
  const short = judgeSignatures([signed(), signed({ expires: now + 2 * day })], two, expected, now);
  assert.deepEqual(short, { accepted: false, reason: { kind: 'threshold', have: 1, need: 2 } });
  const enough = [signed(), signed({ fingerprint: 'B', expires: now + 3 * day })];
  assert.equal(judgeSignatures(enough, two, expected, now).accepted, true);
});

test('the policy holds for as long as enough keys do', () => {
  const evidence = [1, 2, 3].map((days, index) =>
    signed({ fingerprint: 'ABC'[index] ?? '', expires: now + days * day }),
  );
  for (const [threshold, days] of [
    [1, 3],
    [2, 2],
    [3, 1],
  ] as const) {
    const verdict = judgeSignatures(evidence, { ...policy, threshold }, expected, now);
    assert.equal(verdict.accepted && verdict.expires, now + days * day);
  }
});
