import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MirrorId } from '../../src/mirrors/mirror.ts';
import type { MirrorEvent, MirrorHistory } from '../../src/ports/mirror-history.ts';

/** What every MirrorHistory must do. `open` makes an empty one over a registry with two mirrors. */
export function mirrorHistoryContract(
  name: string,
  open: () => Promise<{
    readonly history: MirrorHistory;
    readonly mirrors: readonly [MirrorId, MirrorId];
    /** Removes the first mirror from the registry. */
    readonly removeFirst: () => Promise<void>;
    readonly end: () => Promise<void>;
  }>,
): void {
  type Opened = Awaited<ReturnType<typeof open>>;
  const event = (mirror: MirrorId, at: number, detail = `at ${at}`): MirrorEvent => ({
    mirror,
    at,
    kind: 'out',
    detail,
  });
  const using = (work: (opened: Opened) => Promise<void>) => async () => {
    const opened = await open();
    try {
      await work(opened);
    } finally {
      await opened.end();
    }
  };
  const times = async (history: MirrorHistory, mirror: MirrorId, limit = 100) =>
    (await history.list(mirror, { limit })).map(({ at }) => at);

  describe(`mirror history: ${name}`, () => {
    it(
      'gives back the events of one mirror, the newest first, page by page',
      using(async ({ history, mirrors: [one, other] }) => {
        assert.deepEqual(await history.list(one, { limit: 10 }), []);
        const first = { mirror: one, at: 5, kind: 'in', detail: 'it "holds" 7 – ü' } as const;
        await history.add([first, event(other, 6), event(one, 7)]);
        await history.add([event(one, 7, 'the same moment')]);
        const [newest, middle, oldest] = await history.list(one, { limit: 10 });
        assert.deepEqual([newest?.detail, middle?.detail], ['the same moment', 'at 7']);
        assert.ok(oldest !== undefined && middle !== undefined);
        assert.deepEqual({ ...oldest }, { ...first, id: oldest.id });
        assert.deepEqual(await times(history, one, 1), [7]);
        assert.deepEqual(await history.list(one, { limit: 10, before: middle.id }), [oldest]);
        assert.deepEqual(await times(history, other), [6]);
      }),
    );
    it(
      'takes no events of removed mirrors, and forgets theirs',
      using(async ({ history, mirrors: [one, other], removeFirst }) => {
        await history.add([event(one, 1)]);
        await removeFirst();
        await history.add([event(one, 2), event(other, 3)]);
        assert.deepEqual(await times(history, one), []);
        assert.deepEqual(await times(history, other), [3]);
      }),
    );
    it(
      'forgets what is too old, and what is too much',
      using(async ({ history, mirrors: [one, other] }) => {
        await history.add([1, 2, 3, 4, 5].map((at) => event(one, at)));
        await history.add([event(other, 1), event(other, 9)]);
        await history.prune({ since: 2, most: 3 });
        assert.deepEqual(await times(history, one), [5, 4, 3]);
        assert.deepEqual(await times(history, other), [9]);
      }),
    );
  });
}
