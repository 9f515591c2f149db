import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseRoles, findRole, maySign } from './delegated-roles.ts';
import type { DelegatedRole, Delegations } from './read-any-delegations.ts';

const role = (name: string, paths: readonly string[], terminating = false): DelegatedRole => ({
  name,
  keyids: [],
  threshold: 1,
  terminating,
  paths,
});
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const names = (delegations: Delegations, path: string) =>
  chooseRoles(delegations, path).roles.map(({ name }) => name);

test('patterns stand for whole paths, and stars for no slash', () => {
  for (const [pattern, path, expected] of [
    ['*', 'a', true],
    ['*', 'a/b', false],
    ['*/*', 'a/b', true],
    ['**', 'a/b', false],
    ['fedora/*', 'fedora/41', true],
    ['fedora/*', 'Fedora/41', false],
    ['fedora/*', 'fedora/base/41', false],
    ['fedora/*', 'xfedora/41', false],
    ['foo-?.tgz', 'foo-1.tgz', true],
    ['foo-?.tgz', 'foo-12.tgz', false],
    ['foo-?.tgz', 'foo-/.tgz', false],
    ['*.md', 'README.md', true],
    ['a.c', 'abc', false],
    ['', 'a', false],
  ] as const) {
    const delegated = role('r', pattern === '' ? [] : [pattern]);
    assert.equal(maySign(delegated, path), expected, `${pattern} ${path}`);
  }
});

test('a prefix of the hash of a path stands for the path', () => {
  const { paths: _, ...base } = role('r', []);
  const hash = sha256('fedora/base/41');
  assert.ok(maySign({ ...base, pathHashPrefixes: ['ffff', hash.slice(0, 3)] }, 'fedora/base/41'));
  assert.ok(!maySign({ ...base, pathHashPrefixes: [hash.slice(1, 4)] }, 'fedora/base/41'));
  assert.ok(!maySign({ ...base, pathHashPrefixes: [] }, 'fedora/base/41'));
});

test('roles are asked in their order, and nothing after a terminating one', () => {
  const delegations = { keys: {}, roles: [role('a', ['*']), role('b', ['x'], true), role('c', ['*'])] };
  assert.deepEqual(names(delegations, 'y'), ['a', 'c']);
  assert.deepEqual(names(delegations, 'x'), ['a', 'b']);
  assert.equal(chooseRoles(delegations, 'x').final, true);
  assert.equal(findRole(delegations, 'c')?.name, 'c');
  assert.equal(findRole(delegations, 'd'), undefined);
});

test('property: a path belongs to exactly one succinct bin, which may sign it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 32 }), fc.string({ minLength: 1 }), (bitLength, path) => {
      const succinct = { keyids: ['k'], threshold: 1, bitLength, namePrefix: 'bin' };
      const delegations = { keys: {}, roles: [], succinct };
      const [bin, ...others] = chooseRoles(delegations, path).roles;
      assert.ok(bin !== undefined && others.length === 0);
      assert.ok(maySign(bin, path));
      assert.deepEqual(findRole(delegations, bin.name), bin);
      // The first bits of the hash are the number in the name.
      const bits = BigInt(`0x${sha256(path)}`) >> BigInt(256 - bitLength);
      assert.equal(Number.parseInt(bin.name.slice(4), 16), Number(bits));
    }),
  );
});

test('names that are no bins lead nowhere', () => {
  // TAP 15: 2^10 bins have names of three digits.
  const succinct = { keyids: [], threshold: 1, bitLength: 10, namePrefix: 'bin' };
  const delegations = { keys: {}, roles: [], succinct };
  for (const name of ['bin-000', 'bin-3ff']) assert.equal(findRole(delegations, name)?.name, name);
  for (const name of [
    'bin-400',
    'bin-3f',
    'bin-03ff',
    'bin-3FF',
    'bin-',
    'bin',
    'bix-3ff',
    '3ff',
    'bin-3ff ',
  ]) {
    assert.equal(findRole(delegations, name), undefined, name);
  }
});
