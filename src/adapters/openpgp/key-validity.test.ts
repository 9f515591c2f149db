import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyHistory, describeUnusable } from './key-validity.ts';
import type { SelfSignature } from './self-signatures.ts';

const day = 86_400_000;
const now = Date.UTC(2026, 6, 1);

function said(ago: number, changes: Partial<SelfSignature> = {}): SelfSignature {
  return {
    created: now - ago * day,
    expires: undefined,
    revokes: false,
    flags: 3,
    keyExpires: undefined,
    ...changes,
  };
}

function judge(history: Partial<KeyHistory>): string | undefined {
  const key = { created: now - 100 * day, revoked: undefined, direct: [], users: [[said(100)]] };
  return describeUnusable({ revokers: new Set(), ...key, ...history }, now);
}

const ended = { keyExpires: now - 1 };
const lasting = { keyExpires: now + 1 };

test('the newest signature of each user ID counts, whatever their order', () => {
  for (const [older, newer, expected] of [
    [ended, lasting, undefined],
    [lasting, ended, /expired/],
    [ended, {}, undefined],
    [{ revokes: true }, {}, undefined],
    [{}, { revokes: true }, /revoked, expired or of the future/],
    [{}, { expires: now }, /revoked, expired or of the future/],
    [{}, { expires: now + 1 }, undefined],
    [{}, { flags: 1 }, /not meant for signing data/],
    [{ flags: 1 }, {}, undefined],
  ] as const) {
    for (const user of [
      [said(50, older), said(20, newer)],
      [said(20, newer), said(50, older)],
    ]) {
      const reason = judge({ users: [user] });
      if (expected === undefined) assert.equal(reason, undefined, JSON.stringify([older, newer]));
      else assert.match(reason ?? '', expected);
    }
  }
});

test('of two that were made in one second the stricter counts', () => {
  for (const strict of [{ revokes: true }, ended]) {
    assert.notEqual(judge({ users: [[said(9), said(9, strict)]] }), undefined);
    assert.notEqual(judge({ users: [[said(9, strict), said(9)]] }), undefined);
  }
});

test('what the key says directly goes before what it says of its user IDs', () => {
  assert.match(judge({ direct: [said(90, ended)], users: [[said(10, lasting)]] }) ?? '', /expired/);
  assert.equal(judge({ direct: [said(90, lasting)], users: [[said(10, ended)]] }), undefined);
  assert.match(judge({ direct: [said(90, { flags: 1 })] }) ?? '', /not meant for signing/);
  // One that says nothing of these, or has ended, leaves it to the user IDs.
  assert.match(
    judge({ direct: [said(90, { flags: undefined })], users: [[said(10, ended)]] }) ?? '',
    /expired/,
  );
  assert.equal(judge({ direct: [said(90, { ...ended, expires: now })] }), undefined);
});

test('a user ID that is revoked says nothing any more', () => {
  const users = [[said(90, lasting)], [said(50, ended), said(10, { revokes: true })]];
  assert.equal(judge({ users }), undefined);
});

test('what is from the future is not taken yet, and a key of the future names the clock', () => {
  assert.equal(judge({ users: [[said(50), said(-1, ended)]] }), undefined);
  assert.match(judge({ users: [[said(-1)]] }) ?? '', /of the future/);
  assert.match(judge({ created: now + 1 }) ?? '', /in the future: the clock here may be slow/);
});

test('a revoked key, and one without user IDs of its own, are of no use', () => {
  assert.equal(judge({ revoked: 'it was revoked' }), 'it was revoked');
  assert.match(judge({ users: [[]] }) ?? '', /no user ID/);
  assert.match(judge({ users: [] }) ?? '', /no user ID/);
});
