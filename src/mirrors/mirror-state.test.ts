import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  afterProbe,
  goodProbesNeeded,
  newMirrorHealth,
  type MirrorHealth,
  type ProbeVerdict,
} from './mirror-state.ts';

const good: ProbeVerdict = { ok: true, full: false, serial: 7 };
const full: ProbeVerdict = { ok: true, full: true, serial: 7 };
const bad: ProbeVerdict = { ok: false, wrongBytes: false, reason: 'refused' };
const wrong: ProbeVerdict = { ok: false, wrongBytes: true, reason: 'wrong-bytes' };

/** A probe each 2 seconds. */
function run(start: MirrorHealth, verdicts: readonly ProbeVerdict[], now = 0): MirrorHealth {
  return verdicts.reduce((health, verdict, index) => afterProbe(health, verdict, now + index * 2000), start);
}

suite('a mirror', () => {
  const fresh = newMirrorHealth(0);

  test('gets nobody before its first probe, and is in after it', () => {
    assert.equal(fresh.healthy, false);
    assert.equal(fresh.reason, 'not probed yet');
    const health = afterProbe(fresh, { ...good, ipv4: true, ipv6: false }, 5);
    assert.deepEqual(health, {
      healthy: true,
      since: 5,
      serial: 7,
      ipv4: true,
      ipv6: false,
      needs: 'probe',
      good: 0,
      flips: [],
    });
  });

  test('goes out with the first failed probe, and comes back with the first good one', () => {
    const out = run(fresh, [good, bad]);
    assert.equal(out.healthy, false);
    assert.equal(out.reason, 'refused');
    assert.equal(out.since, 2000);
    const back = afterProbe(out, good, 4000);
    assert.equal(back.healthy, true);
    assert.equal('reason' in back, false);
  });

  test('keeps its serial while it is out, and takes a lower one', () => {
    assert.equal(run(fresh, [good, bad]).serial, 7);
    assert.equal(run(fresh, [good, { ...good, serial: 3 }]).serial, 3);
  });

  test('needs a full check after wrong bytes, whatever failed later', () => {
    const out = run(fresh, [good, wrong, bad, good, good, good]);
    assert.equal(out.healthy, false);
    assert.equal(out.needs, 'full-check');
    assert.equal(run(out, [full]).healthy, true);
  });

  test('needs more good probes in a row when it goes in and out', () => {
    const flapping = run(fresh, [good, bad, good, bad, good, bad]);
    assert.equal(goodProbesNeeded(flapping, 12_000), 2);
    assert.equal(run(flapping, [good], 12_000).healthy, false);
    assert.equal(run(flapping, [good, bad, good], 12_000).healthy, false);
    assert.equal(run(flapping, [good, good], 12_000).healthy, true);
    const often = Array.from({ length: 7 }, () => [good, good, bad]).flat();
    assert.equal(goodProbesNeeded(run(fresh, often.slice(0, -3)), 40_000), 2, 'the sixth time as the third');
    assert.equal(goodProbesNeeded(run(fresh, often), 42_000), 5);
    assert.equal(run(flapping, [good], 11 * 60_000).healthy, true, 'old flips are forgiven');
  });

  test('says that nothing changed by being the same object', () => {
    const health = run(fresh, [good]);
    assert.equal(afterProbe(health, good, 9000), health);
    const out = afterProbe(health, bad, 9000);
    assert.equal(afterProbe(out, bad, 10_000), out);
  });

  test('is in only after a good probe, and always within five of them', () => {
    const verdict = fc.constantFrom(good, full, bad, wrong);
    fc.assert(
      fc.property(fc.array(verdict, { maxLength: 60 }), (verdicts) => {
        const health = run(fresh, verdicts);
        const last = verdicts.at(-1);
        if (last?.ok !== true) assert.equal(health.healthy, false);
        assert.equal(health.healthy, !('reason' in health));
        assert.ok(health.flips.length <= 8);
        assert.equal(run(health, [full, full, full, full, full], verdicts.length * 2000).healthy, true);
      }),
    );
  });
});
