import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { approvalMessage, formatApproval, parseApproval, readApprovalEvidence } from './approval.ts';
import { parseSealKey } from './seal.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const key = parseSealKey(publicKey.export({ format: 'pem', type: 'spki' }), 'alice.pub');
const content = { request: digestOf('a request'), created: 1_767_225_600 };
const seal = { key: key.id, signature: sign(undefined, approvalMessage(content), privateKey) };
const text = formatApproval({ ...content, seal });

test('an approval is read again, and who gave it', () => {
  const approval = parseApproval(Buffer.from(text));
  assert.deepEqual(readApprovalEvidence(approval, [key]), { kind: 'sealed', key: key.id });
  assert.equal(readApprovalEvidence(approval, []).kind, 'unknown-key');
});

test('an approval holds for one request and one moment', () => {
  for (const change of [{ request: digestOf('another') }, { created: content.created + 1 }]) {
    assert.equal(readApprovalEvidence({ ...content, seal, ...change }, [key]).kind, 'forged');
  }
});

test('anything that is not just an approval is refused', () => {
  for (const [from, to] of [
    ['"version":1', '"version":2'],
    ['signpost-approval', 'signpost-signing-request'],
    ['{"type"', '{"more":1,"type"'],
    ['{"type"', '{"type":"signpost-approval","type"'],
    ['"created":1767225600', '"created":-1'],
    ['"created":1767225600', '"created":1e400'],
    ['sha256:', 'sha512:'],
    ['}\n', ''],
    ['}\n', '}\n{}'],
    [text, ''],
    [text, '[]'],
    [text, '['.repeat(2000)],
  ] as const) {
    assert.throws(() => parseApproval(Buffer.from(text.replace(from, to))), { code: 'REQUEST_INVALID' }, to);
  }
  assert.throws(() => parseApproval(Buffer.alloc(5000, 0x20)), { code: 'LIMIT_EXCEEDED' });
});
