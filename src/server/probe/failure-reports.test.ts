import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { parseIpAddress } from '../../net/address.ts';
import { clientNetworkOf } from '../../net/client-network.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import type { FailureReport } from '../../ports/mirror-probe.ts';
import { quietTime, FailureReports } from './failure-reports.ts';

const repository = parseRepositoryName('test/image');
const says = (network: number, blob = 'blob', offset?: number): FailureReport => ({
  target: { repository, digest: digestOf(blob), size: 1000 },
  network: clientNetworkOf(parseIpAddress(`10.${network >> 8}.${network & 255}.1`)),
  offset,
});

/** Hears `failureReport` and finds nothing wrong; false when it was not worth a look. */
function refute(failureReports: FailureReports, failureReport: FailureReport, now: number): boolean {
  failureReports.note(failureReport, now);
  const evidence = failureReports.take();
  if (evidence !== undefined) failureReports.refuted(evidence, true, now);
  return evidence !== undefined;
}

suite('what networks say against a mirror', () => {
  test('is looked into at once, and not again for a while when it was not so', () => {
    const failureReports = new FailureReports();
    assert.ok(refute(failureReports, says(1), 0));
    assert.ok(!refute(failureReports, says(1), 1999));
    assert.ok(!refute(failureReports, says(1, 'another blob'), 1999));
    assert.ok(refute(failureReports, says(1), 2000));
    assert.ok(!refute(failureReports, says(1), 5999));
    assert.ok(refute(failureReports, says(1), 6000));
  });

  test('is forgotten after an hour, and when they were right', () => {
    const failureReports = new FailureReports();
    for (const at of [0, 2000]) assert.ok(refute(failureReports, says(1), at));
    const later = 2000 + quietTime(2) + 3_600_000;
    assert.ok(refute(failureReports, says(1), later));
    assert.ok(refute(failureReports, says(1), later + quietTime(1)));
    failureReports.clear();
    assert.equal(failureReports.size, 0);
    assert.ok(refute(failureReports, says(1), later + quietTime(1) + 1));
  });

  test('weighs more when there are several of them within half a minute', () => {
    const failureReports = new FailureReports();
    failureReports.note(says(1, 'one'), 0);
    assert.equal(failureReports.take()?.shared, false);
    failureReports.note(says(2, 'two', 500), 30_000);
    const evidence = failureReports.take();
    assert.ok(evidence !== undefined);
    assert.deepEqual([evidence.shared, evidence.offset], [true, 500]);
    failureReports.note(says(3, 'three'), 60_001);
    assert.equal(failureReports.take()?.shared, false);
  });

  test('is followed to the end of the blob when they are several, and then all of them have been wrong', () => {
    const failureReports = new FailureReports();
    failureReports.note(says(1), 0);
    failureReports.note(says(2), 0);
    for (const toTheEnd of [false, false, true]) {
      const evidence = failureReports.take();
      assert.ok(evidence?.shared === true);
      assert.equal(evidence.networks.size, 2);
      failureReports.refuted(evidence, toTheEnd, 1000);
    }
    assert.equal(failureReports.any, false);
    for (const network of [1, 2]) assert.ok(!refute(failureReports, says(network), 2999));
    failureReports.note(says(3), 2999);
    assert.equal(
      failureReports.take()?.shared,
      false,
      'those who were wrong together add nothing to the next',
    );
  });

  test('is kept for several blobs at once, the oldest first', () => {
    const failureReports = new FailureReports();
    for (const blob of ['one', 'two']) failureReports.note(says(1, blob), 0);
    assert.equal(failureReports.take()?.target.digest, digestOf('one'));
    assert.equal(failureReports.take()?.target.digest, digestOf('two'));
    assert.equal(failureReports.take(), undefined);
  });

  test('costs a network that is always wrong ever fewer looks, and never more memory', () => {
    const step = fc.record({ wait: fc.nat(5000), network: fc.nat(300), blob: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const failureReports = new FailureReports();
        const looks: number[] = [];
        let now = 1_700_000_000_000;
        for (const { wait, network, blob } of steps) {
          now += wait;
          if (refute(failureReports, says(7, `${blob}`), now)) looks.push(now);
          // Others come and go, but not so many that the first would be forgotten.
          refute(failureReports, says(100 + (network % 60)), now);
          assert.ok(failureReports.size <= 64);
          assert.equal(failureReports.any, false, 'one look at most for each word');
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
        const failureReports = new FailureReports();
        const known = new Set<number>();
        for (const network of networks) {
          failureReports.note(says(network, `${network % 50}`), 0);
          assert.ok(failureReports.size <= 64);
          if (!known.has(network)) assert.ok(failureReports.any);
          known.add(network);
        }
        let open = 0;
        while (failureReports.take() !== undefined) open += 1;
        assert.ok(open <= 8);
      }),
    );
  });
});
