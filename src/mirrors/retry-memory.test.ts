import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '../oci/digest.ts';
import { parseIpAddress } from '../net/address.ts';
import type { ClientConnection } from './client-connection.ts';
import type { MirrorId } from './mirror.ts';
import { RetryMemory, type RetryOptions } from './retry-memory.ts';

const client = parseIpAddress('192.0.2.1');
const blob = digestOf('blob');

interface Step {
  /** Milliseconds from the start. */
  readonly at: number;
  /** Of a range to the end, as clients resume and as containerd reads in parallel. */
  readonly rangeStart?: number;
  /** Of a range that ends where the client said. */
  readonly pieceStart?: number;
  readonly address?: string;
  readonly agent?: string;
  readonly connection?: ClientConnection;
  readonly blob?: string;
}

interface Answer {
  readonly to: number | 'origin';
  readonly suspect: number | undefined;
}

/** Does what the server does, with `count` mirrors, of which the lowest number is always the best. */
function drive(count: number, options: Partial<RetryOptions> = {}) {
  const memory = new RetryMemory(options);
  return {
    memory,
    ask(step: Step): Answer {
      const request = {
        address: step.address === undefined ? client : parseIpAddress(step.address),
        digest: step.blob === undefined ? blob : digestOf(step.blob),
        agent: step.agent,
        connection: step.connection,
        part: partOf(step),
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
      memory.sent(request, mirror);
      return { to: mirror, suspect };
    },
  };
}

function partOf({ rangeStart, pieceStart }: Step) {
  if (rangeStart !== undefined) return { start: rangeStart, toEnd: true };
  return pieceStart === undefined ? undefined : { start: pieceStart, toEnd: false };
}

/** A connection over which a pull began, as the tests then change it. */
function connect(as: Partial<ClientConnection> = {}) {
  return { isOpen: true, isNew: false, beganPull: true, ...as };
}

function run(count: number, steps: readonly Step[], options?: Partial<RetryOptions>): readonly Answer[] {
  const server = drive(count, options);
  return steps.map((step) => server.ask(step));
}

/** The same answer each time. */
const times = (count: number, answer: Answer) => Array.from({ length: count }, () => answer);
const to = (answers: readonly Answer[]) => answers.map((answer) => answer.to);
const suspects = (answers: readonly Answer[]) => answers.map((answer) => answer.suspect);

suite('the retry memory', () => {
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

  test('keeps a parallel reader on one mirror, without evidence, however its parts are spaced and ordered', () => {
    const chunk = 4 << 20;
    for (const order of [
      [1, 2, 3, 4, 5, 6],
      [3, 1, 2, 6, 5, 4],
    ]) {
      for (const gap of [1, 40, 4000]) {
        const steps = order.map((part, index) => ({ at: 100 + index * gap, rangeStart: part * chunk }));
        const answers = run(4, [{ at: 0, rangeStart: 0 }, ...steps]);
        assert.deepEqual(new Set(to(answers)), new Set([1]));
        assert.deepEqual(new Set(suspects(answers)), new Set([undefined]));
      }
    }
  });

  test('keeps a reader of pieces on one mirror, wherever they are', () => {
    const answers = run(4, [
      { at: 0, pieceStart: 999_983 },
      { at: 100, pieceStart: 7 },
      { at: 900, pieceStart: 12_345 },
    ]);
    assert.deepEqual(answers, times(3, { to: 1, suspect: undefined }));
  });

  test('leads a reader of parts around the mirror when a part is asked for again, and keeps it there', () => {
    const chunk = 8 << 20;
    const parallel = run(4, [
      { at: 0, rangeStart: 0 },
      { at: 100, rangeStart: chunk },
      { at: 101, rangeStart: 2 * chunk },
      // The whole attempt failed, and begins again.
      { at: 700, rangeStart: 0 },
      { at: 800, rangeStart: chunk },
      { at: 801, rangeStart: 2 * chunk },
      { at: 900, rangeStart: 3 * chunk },
      { at: 1500, rangeStart: chunk },
    ]);
    assert.deepEqual(to(parallel), [1, 1, 1, 2, 2, 2, 2, 3]);
    assert.deepEqual(
      suspects(parallel).map((suspect) => suspect ?? 0),
      [0, 0, 0, 1, 0, 0, 0, 2],
    );
    const pieces = run(4, [
      { at: 0, pieceStart: 7 },
      { at: 100, pieceStart: 7 },
      { at: 200, pieceStart: 9 },
    ]);
    assert.deepEqual(to(pieces), [1, 2, 2]);
  });

  test('resumes what broke off at the next mirror, when it was a part, too', () => {
    const chunk = 8 << 20;
    const answers = run(4, [
      { at: 0, rangeStart: 0 },
      { at: 100, rangeStart: chunk },
      { at: 2000, rangeStart: 1_234_567 },
      { at: 2100, rangeStart: 1_234_567 + chunk },
    ]);
    assert.deepEqual(to(answers), [1, 1, 2, 2]);
    assert.deepEqual(suspects(answers), [undefined, undefined, 1, undefined]);
  });

  test('remembers a bounded number of parts, the first among them', () => {
    const steps = Array.from({ length: 500 }, (_, index) => ({ at: index * 30, rangeStart: index << 20 }));
    const answers = run(3, [
      ...steps,
      { at: 16_000, rangeStart: 499 << 20 },
      { at: 16_100, rangeStart: 499 << 20 },
    ]);
    assert.deepEqual(to(answers).slice(-3), [1, 2, 3]);
  });

  test('tells machines behind one address apart by what they say they are', () => {
    const agents = Array.from({ length: 8 }, (_, index) => `containerd/2.${index}`);
    const answers = run(
      4,
      agents.map((agent, index) => ({ at: index * 1000, agent })),
    );
    assert.deepEqual(answers, times(8, { to: 1, suspect: undefined }));
    const again = run(4, [
      { at: 0, agent: 'podman' },
      { at: 10, agent: 'skopeo' },
      { at: 2000, agent: 'podman' },
    ]);
    assert.deepEqual(again[2], { to: 2, suspect: 1 });
  });

  test('tells machines behind one address apart by their connections', () => {
    for (const as of [{ beganPull: true }, { beganPull: false, isNew: true }]) {
      const connections = Array.from({ length: 40 }, () => connect(as));
      const answers = run(
        4,
        connections.map((connection, index) => ({ at: index * 700, connection })),
      );
      assert.deepEqual(answers, times(40, { to: 1, suspect: undefined }));
    }
  });

  test('still leads each of them around a mirror that failed it', () => {
    const [one, other] = [connect(), connect()];
    const answers = run(4, [
      { at: 0, connection: one },
      { at: 300, connection: other },
      { at: 900, connection: one },
      { at: 1000, connection: other },
      { at: 1100, connection: other, rangeStart: 777 },
      // Another connection of one of them, over which no pull began.
      { at: 1700, connection: connect({ beganPull: false }) },
    ]);
    assert.deepEqual(to(answers), [1, 1, 2, 2, 3, 4]);
    assert.deepEqual(suspects(answers), [undefined, undefined, 1, 1, 2, 3]);
  });

  test('takes a new connection for the same client when the one before is gone', () => {
    const [before, after] = [connect(), connect()];
    const server = drive(4);
    server.ask({ at: 0, connection: before });
    before.isOpen = false;
    assert.deepEqual(server.ask({ at: 1500, connection: after }), { to: 2, suspect: 1 });
  });

  test('leads docker around at once, which closes each connection and asks twice after a 404', () => {
    const connection = () => connect({ isOpen: false, isNew: true, beganPull: false });
    const answers = run(
      4,
      [0, 250, 5250, 15_250].map((at) => ({ at, connection: connection() })),
    );
    assert.deepEqual(to(answers), [1, 2, 3, 4]);
  });

  test('sends nobody to the origin who may be another machine', () => {
    const server = drive(1);
    server.ask({ at: 0, connection: connect() });
    for (let at = 1000; at < 100_000; at += 1000) {
      assert.equal(server.ask({ at, connection: connect({ beganPull: false }) }).to, 1);
    }
    const connection = connect();
    server.ask({ at: 100_000, blob: 'other', connection });
    assert.equal(server.ask({ at: 101_000, blob: 'other', connection }).to, 'origin');
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
      from: fc.option(fc.nat(3), { nil: undefined }),
      closes: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), (count, steps) => {
        const server = drive(count);
        const connections = Array.from({ length: 4 }, (_, index) => connect({ beganPull: index % 2 === 0 }));
        let at = 0;
        const helped: number[] = [];
        for (const { gap, rangeStart, from, closes } of steps) {
          at += gap;
          const connection = from === undefined ? undefined : connections[from];
          const answer = server.ask({
            at,
            ...(rangeStart === undefined ? {} : { rangeStart }),
            ...(connection === undefined ? {} : { connection }),
          });
          if (closes && connection !== undefined) connection.isOpen = false;
          if (answer.to === 'origin') helped.push(at);
        }
        // Four connections are four machines at most, and each is helped once a minute.
        for (const since of helped) {
          assert.ok(helped.filter((at) => at >= since && at < since + 60_000).length <= 5);
        }
      }),
    );
  });

  test('a reader of parts is sent elsewhere only when one comes again', () => {
    const starts = fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(starts, fc.nat(19), fc.integer({ min: 20, max: 3000 }), (parts, which, gap) => {
        const steps = parts.map((part, index) => ({ at: index * gap, rangeStart: part << 20 }));
        const answers = run(3, [{ at: 0, rangeStart: 1001 << 20 }, ...steps]);
        assert.deepEqual(new Set(to(answers)), new Set([1]));
        const again = parts[which % parts.length] ?? 0;
        const at = parts.length * gap;
        const more = run(3, [{ at: 0, rangeStart: 1001 << 20 }, ...steps, { at, rangeStart: again << 20 }]);
        assert.deepEqual(more.at(-1), { to: 2, suspect: 1 });
      }),
    );
  });
});
