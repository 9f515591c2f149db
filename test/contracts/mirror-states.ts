import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { author } from '../fakes/author.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import { newMirrorHealth } from '../../src/mirrors/mirror-state.ts';
import type { MirrorRegistry } from '../../src/ports/mirror-registry.ts';
import type { MirrorStates, StoredMirrorState } from '../../src/ports/mirror-states.ts';
import { newMirror } from '../fakes/mirrors.ts';

interface Opened {
  readonly registry: Pick<MirrorRegistry, 'add' | 'remove'>;
  readonly states: MirrorStates;
  readonly end: () => void | Promise<void>;
}

/** What every MirrorStates must do. `open` makes an empty one over an empty registry, and what ends both. */
export function mirrorStatesContract(name: string, open: () => Opened | Promise<Opened>): void {
  const fresh: StoredMirrorState = newMirrorHealth(1000);
  const full: StoredMirrorState = {
    healthy: false,
    reason: 'wrong-bytes: the bytes are not those of the origin',
    since: 1_700_000_000_000,
    serial: 12,
    ipv4: true,
    ipv6: false,
    urls: [
      {
        url: 'https://one.example.org',
        reachable: true,
        ipv4: true,
        ipv6: false,
        reason: 'timeout: no connection',
      },
      { url: 'https://two.example.org', reachable: false, reason: 'refused: the name does not resolve' },
    ],
    warning: 'marker: it says too much',
    responseTime: 120,
    certificate: { expires: 1_800_000_000_000, soon: true },
    needs: 'full-check',
    good: 2,
    flips: [1, 2, 3],
    failed: {
      target: { repository: parseRepositoryName('fedora/base'), digest: digestOf('x'), size: 10 },
      range: { start: 2, end: 9 },
      how: 'whole',
    },
    reported: 11,
  };
  const using =
    (work: (opened: Opened) => Promise<void>): (() => Promise<void>) =>
    async () => {
      const opened = await open();
      try {
        await work(opened);
      } finally {
        await opened.end();
      }
    };

  describe(`mirror states: ${name}`, () => {
    it(
      'gives back what was saved, the latest',
      using(async ({ registry, states }) => {
        assert.equal((await states.load()).size, 0);
        const one = await registry.add(newMirror({ name: 'one' }), author);
        const two = await registry.add(newMirror({ name: 'two' }), author);
        await states.save(
          new Map([
            [one.id, fresh],
            [two.id, fresh],
          ]),
        );
        await states.save(new Map([[two.id, full]]));
        assert.deepEqual((await states.load()).get(one.id), fresh);
        assert.deepEqual((await states.load()).get(two.id), full);
      }),
    );
    it(
      'forgets removed mirrors, and takes no states of them',
      using(async ({ registry, states }) => {
        const one = await registry.add(newMirror({ name: 'one' }), author);
        const two = await registry.add(newMirror({ name: 'two' }), author);
        await states.save(new Map([[one.id, full]]));
        await registry.remove(one, author);
        assert.equal((await states.load()).size, 0);
        await states.save(
          new Map([
            [one.id, fresh],
            [two.id, fresh],
          ]),
        );
        assert.deepEqual([...(await states.load()).keys()], [two.id]);
      }),
    );
  });
}
