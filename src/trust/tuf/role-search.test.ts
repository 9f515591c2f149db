import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseRoles } from './delegated-roles.ts';
import type { Targets } from './metadata.ts';
import { RoleSearch } from './role-search.ts';

type Graph = Readonly<Record<string, readonly (readonly [name: string, pattern: string, final?: boolean])[]>>;

/** The roles that are asked for `path`, starting at the targets role. */
function searched(graph: Graph, path: string): readonly string[] {
  const search = new RoleSearch((delegations) => chooseRoles(delegations, path));
  const targetsOf = (name: string): Targets => ({
    _type: 'targets',
    spec_version: '1.0.31',
    version: 1,
    expires: '2030-01-01T00:00:00Z',
    targets: {},
    delegations: {
      keys: {},
      roles: (graph[name] ?? []).map(([child, pattern, final = false]) => {
        return { name: child, keyids: [], threshold: 1, terminating: final, paths: [pattern] };
      }),
    },
  });
  search.add(targetsOf('targets'));
  const asked: string[] = [];
  for (let role = search.next(); role !== undefined; role = search.next()) {
    asked.push(role.name);
    search.add(targetsOf(role.name), role.chain);
  }
  return asked;
}

test('roles are asked depth first, each once, also in circles', () => {
  const graph: Graph = {
    targets: [
      ['a', '*'],
      ['b', '*'],
    ],
    a: [
      ['c', '*'],
      ['d', 'other'],
    ],
    b: [['d', '*']],
    d: [['b', '*']],
  };
  assert.deepEqual(searched(graph, 'x'), ['a', 'c', 'b', 'd']);
});

test('a terminating role ends the search, but for what it delegates itself', () => {
  const graph: Graph = {
    targets: [
      ['a', '*'],
      ['b', '*'],
    ],
    a: [
      ['c', '*', true],
      ['d', '*'],
    ],
    c: [['e', '*']],
  };
  assert.deepEqual(searched(graph, 'x'), ['a', 'c', 'e']);
});

test('a search has an end', () => {
  const graph = Object.fromEntries(
    Array.from({ length: 100 }, (_, at) => [at === 0 ? 'targets' : `r${at}`, [[`r${at + 1}`, '*'] as const]]),
  );
  assert.throws(() => searched(graph, 'x'), { code: 'LIMIT_EXCEEDED', message: /more than 32 roles/ });
});
