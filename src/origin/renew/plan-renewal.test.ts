import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRepositoryName, parseTaggedReference } from '../../oci/reference.ts';
import { type RenewableRole, type RenewableTag, planRenewal } from './plan-renewal.ts';

function tagOf(name: string, expires: number, due = false): RenewableTag {
  return { ...parseTaggedReference(name), expires, due };
}

function roleOf(role: string, repository?: string, due = true): RenewableRole {
  return {
    role,
    repository: repository === undefined ? undefined : parseRepositoryName(repository),
    expires: 7,
    due,
  };
}

/** The tags, and how each role that is due is renewed. */
function plan(tags: readonly RenewableTag[], roles: readonly RenewableRole[], timestampHere = false) {
  const { tags: chosen, roles: planned } = planRenewal(tags, roles, timestampHere);
  const by = planned.map(
    ({ role, by: how, tag }) => `${role}: ${tag ? `${tag.repository}:${tag.tag}` : how}`,
  );
  return [[...chosen].sort(), by];
}

const tags = [tagOf('a:1', 50), tagOf('a:2', 40), tagOf('b:1', 30), tagOf('b:2', 60)];

test('what is not due is left alone', () => {
  assert.deepEqual(plan(tags, [roleOf('tuf-snapshot', undefined, false)]), [[], []]);
});

test('metadata is renewed by signing one tag again: of its repository, or the first to expire', () => {
  assert.deepEqual(
    plan(tags, [roleOf('tuf-snapshot'), roleOf('tuf-targets'), roleOf('notary-snapshot', 'a')]),
    [
      ['a:2', 'b:1'],
      ['tuf-snapshot: b:1', 'tuf-targets: b:1', 'notary-snapshot: a:2'],
    ],
  );
});

test('TUF metadata is not renewed by a repository that has none', () => {
  const roles = [roleOf('tuf-snapshot'), roleOf('tuf-targets', 'a', false)];
  assert.deepEqual(plan(tags, roles), [['a:2'], ['tuf-snapshot: a:2']]);
});

test('a tag that is due anyhow renews it too', () => {
  const some = [...tags, tagOf('a:3', 90, true)];
  assert.deepEqual(plan(some, [roleOf('tuf-snapshot'), roleOf('notary-timestamp', 'a')]), [
    ['a:3'],
    ['tuf-snapshot: a:3', 'notary-timestamp: a:3'],
  ]);
});

test('the timestamp is renewed here when there is a key for it, unless more of TUF is due', () => {
  assert.deepEqual(plan(tags, [roleOf('tuf-timestamp')], true), [[], ['tuf-timestamp: here']]);
  assert.deepEqual(plan(tags, [roleOf('tuf-timestamp')], false), [['b:1'], ['tuf-timestamp: b:1']]);
  assert.deepEqual(plan(tags, [roleOf('tuf-timestamp'), roleOf('tuf-snapshot')], true), [
    ['b:1'],
    ['tuf-timestamp: b:1', 'tuf-snapshot: b:1'],
  ]);
});

test('a root takes a ceremony, and nothing renews the metadata of a repository without tags', () => {
  assert.deepEqual(
    plan(tags, [roleOf('tuf-root'), roleOf('notary-root', 'a'), roleOf('notary-snapshot', 'c')]),
    [[], ['tuf-root: ceremony', 'notary-root: ceremony', 'notary-snapshot: nothing']],
  );
});
