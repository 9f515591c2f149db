import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { parseIpAddress } from '../../net/address.ts';
import { clientNetworkOf } from '../../net/client-network.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import type { Suspicion } from '../../ports/mirror-probe.ts';
import { quietTime, Suspicions } from './suspicions.ts';

const repository = parseRepositoryName('test/image');
const says = (network: number, blob = 'blob', offset?: number): Suspicion => ({
  target: { repository, digest: digestOf(blob), size: 1000 },
  network: clientNetworkOf(parseIpAddress(`10.${network >> 8}.${network & 255}.1`)),
  offset,
});

/** Hears `suspicion` and finds nothing wrong; false when it was not worth a look. */
function refute(suspicions: Suspicions, suspicion: Suspicion, now: number): boolean {
  suspicions.note(suspicion, now);
  const evidence = suspicions.take();
  if (evidence !== undefined) suspicions.refuted(evidence, true, now);
  return evidence !== undefined;
}

suite('what networks say against a mirror', () => {
  test('is looked into at once, and not again for a while when it was not so', () => {
    const suspicions = new Suspicions();
    assert.ok(refute(suspicions, says(1), 0));
    assert.ok(!refute(suspicions, says(1), 1999));
    assert.ok(!refute(suspicions, says(1, 'another blob'), 1999));
    assert.ok(refute(suspicions, says(1), 2000));
    assert.ok(!refute(suspicions, says(1), 5999));
    assert.ok(refute(suspicions, says(1), 6000));
  });

  test('is forgotten after an hour, and when they were right', () => {
    const suspicions = new Suspicions();
    for (const at of [0, 2000]) assert.ok(refute(suspicions, says(1), at));
    const later = 2000 + quietTime(2) + 3_600_000;
    assert.ok(refute(suspicions, says(1), later));
    assert.ok(refute(suspicions, says(1), later + quietTime(1)));
    suspicions.clear();
    assert.equal(suspicions.size, 0);
    assert.ok(refute(suspicions, says(1), later + quietTime(1) + 1));
  });

  test('weighs more when there are several of them within half a minute', () => {
    const suspicions = new Suspicions();
    suspicions.note(says(1, 'one'), 0);
    assert.equal(suspicions.take()?.shared, false);
    suspicions.note(says(2, 'two', 500), 30_000);
    const evidence = suspicions.take();
    assert.ok(evidence !== undefined);
    assert.deepEqual([evidence.shared, evidence.offset], [true, 500]);
    suspicions.note(says(3, 'three'), 60_001);
    assert.equal(suspicions.take()?.shared, false);
  });

  test('is followed to the end of the blob when they are several, and then all of them have been wrong', () => {
    const suspicions = new Suspicions();
    suspicions.note(says(1), 0);
    suspicions.note(says(2), 0);
    for (const toTheEnd of [false, false, true]) {
      const evidence = suspicions.take();
      assert.ok(evidence?.shared === true);
      assert.equal(evidence.networks.size, 2);
      suspicions.refuted(evidence, toTheEnd, 1000);
    }
    assert.equal(suspicions.any, false);
    for (const network of [1, 2]) assert.ok(!refute(suspicions, says(network), 2999));
    suspicions.note(says(3), 2999);
    assert.equal(suspicions.take()?.shared, false, 'those who were wrong together add nothing to the next');
  });

  test('is kept for several blobs at once, the oldest first', () => {
    const suspicions = new Suspicions();
    for (const blob of ['one', 'two']) suspicions.note(says(1, blob), 0);
    assert.equal(suspicions.take()?.target.digest, digestOf('one'));
    assert.equal(suspicions.take()?.target.digest, digestOf('two'));
    assert.equal(suspicions.take(), undefined);
  });

  test('costs a network that is always wrong ever fewer looks, and never more memory', () => {
    const step = fc.record({ wait: fc.nat(5000), network: fc.nat(300), blob: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const suspicions = new Suspicions();
        const looks: number[] = [];
        let now = 1_700_000_000_000;
        for (const { wait, network, blob } of steps) {
          now += wait;
          if (refute(suspicions, says(7, `${blob}`), now)) looks.push(now);
          // Others come and go, but not so many that the first would be forgotten.
          refute(suspicions, says(100 + (network % 60)), now);
          assert.ok(suspicions.size <= 64);
          assert.equal(suspicions.any, false, 'one look at most for each word');
        }
        looks.reduce((before, at, index) => {
          assert.ok(at - before >= quietTime(index));
          return at;
        }, -Infinity);
      }),
    );
  });

  test('is bounded whoever says it, and the first word of a network is always heard', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { maxLength: 300 }), (networks) => {
        const suspicions = new Suspicions();
        const known = new Set<number>();
        for (const network of networks) {
          suspicions.note(says(network, `${network % 50}`), 0);
          assert.ok(suspicions.size <= 64);
          if (!known.has(network)) assert.ok(suspicions.any);
          known.add(network);
        }
        let open = 0;
        while (suspicions.take() !== undefined) open += 1;
        assert.ok(open <= 8);
      }),
    );
  });
});
