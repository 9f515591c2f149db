import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type KnownSerials, planRecovery } from './plan-recovery.ts';

const known = (changes: Partial<KnownSerials>): KnownSerials => ({
  given: { publication: 5, request: 7 },
  tree: 5,
  mirrors: [],
  signer: undefined,
  operator: { publication: 0, request: 0 },
  ...changes,
});

test('nothing is done when nobody knows of a number that the database does not', () => {
  const all = known({ tree: 5, mirrors: [{ name: 'a', serial: 5 }], signer: 7 });
  assert.deepEqual(planRecovery(all), { past: undefined, disbelieved: [] });
});

test('each of them can know of a later one', () => {
  const past = (changes: Partial<KnownSerials>) => planRecovery(known(changes)).past;
  assert.deepEqual(past({ tree: 6 }), { publication: 7, request: 1007 });
  assert.deepEqual(past({ mirrors: [{ name: 'a', serial: 9 }] }), { publication: 10, request: 1007 });
  assert.deepEqual(past({ signer: 8 }), { publication: 6, request: 1008 });
  assert.deepEqual(past({ operator: { publication: 70, request: 80 } }), { publication: 71, request: 1080 });
});

test('a mirror cannot use the numbers up', () => {
  const mirrors = [
    { name: 'liar', serial: Number.MAX_SAFE_INTEGER },
    { name: 'honest', serial: 9 },
  ];
  const { past, disbelieved } = planRecovery(known({ mirrors }));
  assert.deepEqual([past?.publication, disbelieved], [10, ['liar']]);
});

test('what is given out next is higher than all that is believed', () => {
  const serial = fc.nat(1000);
  fc.assert(
    fc.property(
      serial,
      serial,
      serial,
      serial,
      fc.array(serial),
      (publication, request, tree, signer, mirrors) => {
        const named = mirrors.map((one, at) => ({ name: String(at), serial: one }));
        const given = { publication, request };
        const next = planRecovery(known({ given, tree, signer, mirrors: named })).past ?? given;
        assert.ok(next.publication + 1 > Math.max(publication, tree, ...mirrors));
        assert.ok(next.request + 1 > Math.max(request, signer));
      },
    ),
  );
});
