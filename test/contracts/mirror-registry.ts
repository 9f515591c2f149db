import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSignpostError } from '../../src/oci/errors.ts';
import type { MirrorId } from '../../src/mirrors/mirror.ts';
import { parseNetblock } from '../../src/mirrors/netblock.ts';
import type { MirrorRegistry } from '../../src/ports/mirror-registry.ts';
import { newMirror } from '../fakes/mirrors.ts';

interface Opened {
  readonly registry: MirrorRegistry;
  readonly end: () => void | Promise<void>;
}

/** What every MirrorRegistry must do. `open` makes an empty one, and what ends it. */
export function mirrorRegistryContract(name: string, open: () => Opened | Promise<Opened>): void {
  const using = (work: (registry: MirrorRegistry) => Promise<void>) => async () => {
    const { registry, end } = await open();
    try {
      await work(registry);
    } finally {
      await end();
    }
  };
  const whole = newMirror({
    name: 'whole',
    coordinates: { latitude: -33.5, longitude: 151.25 },
    asns: [680, 4_199_999_999],
    netblocks: [parseNetblock('192.0.2.0/24'), parseNetblock('2001:db8::/32')],
    weight: 1_000_000,
    site: 'University of Example',
    kind: 'private',
    urls: ['https://one.example.org/images', 'http://two.example.org'],
    repositories: ['fedora/base', 'debian/*'],
    onlyCountries: ['DE', 'FR'],
    exceptCountries: ['AQ'],
    enabled: false,
    approved: false,
    contact: 'mirrors@uni.example',
    webhook: 'https://uni.example/hooks?token=t',
  });

  describe(`mirror registry: ${name}`, () => {
    it(
      'gives back what was added, by name, with a number of its own each',
      using(async (registry) => {
        assert.deepEqual(await registry.list(), []);
        const second = await registry.add(whole);
        const first = await registry.add(newMirror({ name: 'first' }));
        assert.notEqual(first.id, second.id);
        assert.deepEqual(await registry.list(), [first, second]);
        assert.deepEqual(second, { ...whole, id: second.id });
      }),
    );
    it(
      'changes a mirror in place, its name too',
      using(async (registry) => {
        const added = await registry.add(whole);
        const { coordinates: _, ...rest } = added;
        await registry.update({ ...rest, name: 'renamed', weight: 7 });
        assert.deepEqual(await registry.list(), [{ ...rest, name: 'renamed', weight: 7 }]);
      }),
    );
    it(
      'refuses a name that is taken and changes nothing',
      using(async (registry) => {
        const one = await registry.add(newMirror({ name: 'one' }));
        const two = await registry.add(newMirror({ name: 'two' }));
        await assert.rejects(() => registry.add(newMirror({ name: 'one' })), isNameTaken);
        await assert.rejects(() => registry.update({ ...two, name: 'one' }), isNameTaken);
        assert.deepEqual(await registry.list(), [one, two]);
      }),
    );
    it(
      'removes a mirror and never gives its number to another',
      using(async (registry) => {
        const gone = await registry.add(newMirror({ name: 'gone' }));
        await registry.remove(gone.id);
        assert.deepEqual(await registry.list(), []);
        assert.ok((await registry.add(newMirror({ name: 'next' }))).id > gone.id);
      }),
    );
    it(
      'changes and removes only what is as expected, when that is said',
      using(async (registry) => {
        const isChanged = (error: unknown) => isSignpostError(error, 'LOCKED');
        const first = await registry.add(whole);
        const second = { ...first, weight: 2 };
        await registry.update(second, first);
        await assert.rejects(() => registry.update({ ...first, weight: 3 }, first), isChanged);
        await assert.rejects(() => registry.remove(first.id, first), isChanged);
        assert.deepEqual(await registry.list(), [second]);
        await registry.remove(first.id, second);
        await assert.rejects(
          () => registry.remove(first.id, second),
          (error) => isSignpostError(error, 'NOT_FOUND'),
        );
      }),
    );
    it(
      'says that a mirror is not there',
      using(async (registry) => {
        const isMissing = (error: unknown) => isSignpostError(error, 'NOT_FOUND');
        await assert.rejects(() => registry.remove(99 as MirrorId), isMissing);
        await assert.rejects(() => registry.update({ ...whole, id: 99 as MirrorId }), isMissing);
      }),
    );
    it(
      'has another version after each change, and the same while nothing changes',
      using(async (registry) => {
        const versions = [await registry.version()];
        const mirror = await registry.add(whole);
        versions.push(await registry.version());
        await registry.update({ ...mirror, weight: 2 });
        versions.push(await registry.version());
        await registry.list();
        assert.equal(await registry.version(), versions.at(-1));
        await registry.remove(mirror.id);
        versions.push(await registry.version());
        assert.equal(new Set(versions).size, versions.length);
      }),
    );
  });
}

function isNameTaken(error: unknown): boolean {
  return isSignpostError(error, 'USAGE') && /"one" already/.test(error.message);
}
