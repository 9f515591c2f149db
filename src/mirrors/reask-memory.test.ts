import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '../oci/digest.ts';
import { parseIpAddress } from './address.ts';
import type { MirrorId } from './mirror.ts';
import { ReaskMemory, type ReaskOptions } from './reask-memory.ts';

const client = parseIpAddress('192.0.2.1');
const blob = digestOf('blob');

interface Step {
  /** Milliseconds from the start. */
  readonly at: number;
  readonly rangeStart?: number;
  readonly address?: string;
  readonly blob?: string;
}

interface Answer {
  readonly to: number | 'origin';
  readonly suspect: number | undefined;
}

/** Does what the server does, with `count` mirrors, of which the lowest number is always the best. */
function drive(count: number, options: Partial<ReaskOptions> = {}) {
  const memory = new ReaskMemory(options);
  return {
    memory,
    ask(step: Step): Answer {
      const request = {
        address: step.address === undefined ? client : parseIpAddress(step.address),
        digest: step.blob === undefined ? blob : digestOf(step.blob),
        rangeStart: step.rangeStart,
        now: 1_700_000_000_000 + step.at,
      };
      const { tried, suspect, toOrigin } = memory.ask(request);
      const choose = (left: readonly MirrorId[]) =>
        Array.from({ length: count }, (_, index) => (index + 1) as MirrorId).find((id) => !left.includes(id));
      if (toOrigin) return { to: 'origin', suspect };
      let mirror = choose(tried);
      if (mirror === undefined && memory.exhausted(request)) return { to: 'origin', suspect };
      mirror ??= choose([]);
      assert.ok(mirror !== undefined);
      memory.sent({ ...request, mirror });
      return { to: mirror, suspect };
    },
  };
}

function run(count: number, steps: readonly Step[], options?: Partial<ReaskOptions>): readonly Answer[] {
  const server = drive(count, options);
  return steps.map((step) => server.ask(step));
}

const to = (answers: readonly Answer[]) => answers.map((answer) => answer.to);
const suspects = (answers: readonly Answer[]) => answers.map((answer) => answer.suspect);

suite('the re-ask memory', () => {
  test('sends a first request to the best mirror, whatever others asked for', () => {
    const answers = run(4, [{ at: 0 }, { at: 5, blob: 'other' }, { at: 9, address: '192.0.2.2' }]);
    assert.deepEqual(to(answers), [1, 1, 1]);
    assert.deepEqual(suspects(answers), [undefined, undefined, undefined]);
  });

  test('begins anew after the window', () => {
    const answers = run(4, [{ at: 0 }, { at: 120_001 }]);
    assert.deepEqual(answers[1], { to: 1, suspect: undefined });
  });

  test('rotates at once when docker asks twice after a 404, without evidence', () => {
    const answers = run(4, [{ at: 0 }, { at: 8 }]);
    assert.deepEqual(answers[1], { to: 2, suspect: undefined });
  });

  test('leads docker around dead mirrors on its retries, and at last to the origin', () => {
    const answers = run(4, [{ at: 0 }, { at: 5000 }, { at: 15_000 }, { at: 30_000 }, { at: 50_000 }]);
    assert.deepEqual(to(answers), [1, 2, 3, 4, 'origin']);
    assert.deepEqual(suspects(answers), [undefined, 1, 2, 3, 4]);
  });

  test('leads podman around a dead mirror when it repeats its whole pull', () => {
    assert.deepEqual(run(4, [{ at: 0 }, { at: 1500 }])[1], { to: 2, suspect: 1 });
  });

  test('resumes a truncated transfer at the next mirror', () => {
    assert.deepEqual(run(4, [{ at: 0 }, { at: 300, rangeStart: 4096 }])[1], { to: 2, suspect: 1 });
  });

  test('leads a person around who repeats a pull a minute later, never to the origin', () => {
    const steps = Array.from({ length: 10 }, (_, index) => ({ at: index * 60_000 }));
    const answers = run(2, steps);
    assert.deepEqual(to(answers), [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
    assert.equal(answers[1]?.suspect, 1);
  });

  test('draws no evidence from parallel Range requests', () => {
    const chunks = [0, 1, 2, 3].map((index) => ({ at: 40 + index, rangeStart: (index + 1) * 1024 }));
    const later = [
      { at: 400, rangeStart: 9999 },
      { at: 2400, rangeStart: 19_999 },
    ];
    const answers = run(4, [{ at: 0, rangeStart: 0 }, ...chunks, ...later]);
    // The first chunk could be a resume; the burst after it cannot.
    assert.deepEqual(suspects(answers).slice(2), [undefined, undefined, undefined, undefined, undefined]);
    assert.ok(!to(answers).includes('origin'));
  });

  test('sends a crowd behind one address to the best mirror, without evidence, never to the origin', () => {
    const answers = run(
      3,
      Array.from({ length: 5000 }, (_, index) => ({ at: index * 7 })),
    );
    assert.ok(!to(answers).includes('origin'));
    assert.ok(suspects(answers).every((suspect) => suspect === undefined));
    assert.ok(to(answers.slice(16)).every((mirror) => mirror === 1));
  });

  test('sends a slow crowd to the origin once a minute at most', () => {
    const answers = run(
      2,
      Array.from({ length: 300 }, (_, index) => ({ at: index * 1100 })),
    );
    const origin = answers.flatMap((answer, index) => (answer.to === 'origin' ? [index * 1100] : []));
    assert.ok(origin.length > 0);
    for (const [index, at] of origin.entries()) {
      assert.ok(index === 0 || at - (origin[index - 1] ?? 0) >= 60_000);
    }
  });

  test('starts the rotation again where the origin must not help', () => {
    const answers = run(2, [{ at: 0 }, { at: 5 }, { at: 10 }, { at: 15 }]);
    assert.deepEqual(to(answers), [1, 2, 1, 2]);
  });

  test('lets the origin help where there is one mirror only, and it fails', () => {
    assert.deepEqual(to(run(1, [{ at: 0 }, { at: 5000 }, { at: 15_000 }])), [1, 'origin', 1]);
  });

  test('keeps to the budget of the origin for all clients together', () => {
    const server = drive(1, { originBurst: 3, originPerSecond: 1 });
    const origins = (at: number) =>
      Array.from({ length: 50 }, (_, index) => `10.0.${at / 1000}.${index}`).filter((address) => {
        server.ask({ at, address });
        return server.ask({ at: at + 600, address }).to === 'origin';
      }).length;
    assert.equal(origins(0), 3);
    assert.equal(origins(2000), 2);
  });

  test('remembers no more than its limit, the latest', () => {
    const server = drive(2, { limit: 100 });
    for (let index = 0; index < 1000; index++) server.ask({ at: index, blob: String(index) });
    assert.ok(server.memory.size <= 100);
    assert.equal(server.ask({ at: 2000, blob: '999' }).to, 2);
    assert.equal(server.ask({ at: 2000, blob: '951' }).to, 2);
    assert.equal(server.ask({ at: 2000, blob: '1' }).to, 1);
  });

  test('forgets what is old as new requests come', () => {
    const server = drive(2);
    for (let index = 0; index < 100; index++) server.ask({ at: 0, blob: String(index) });
    server.ask({ at: 130_000, blob: 'new' });
    server.ask({ at: 260_000, blob: 'newer' });
    assert.equal(server.memory.size, 2);
  });

  test('never leaves a client with nowhere to go, nor sends bursts to the origin', () => {
    const step = fc.record({
      gap: fc.oneof(fc.nat(40), fc.nat(3000), fc.nat(200_000)),
      rangeStart: fc.option(fc.nat(3), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), (count, steps) => {
        const server = drive(count);
        let at = 0;
        let lastOrigin = -Infinity;
        for (const { gap, rangeStart } of steps) {
          at += gap;
          const range = rangeStart === undefined ? {} : { rangeStart };
          const answer = server.ask({ at, ...range });
          if (answer.to !== 'origin') continue;
          assert.ok(at - lastOrigin >= 60_000);
          lastOrigin = at;
        }
      }),
    );
  });
});
