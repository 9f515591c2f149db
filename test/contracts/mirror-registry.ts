import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSignpostError } from '../../src/oci/errors.ts';
import type { MirrorId } from '../../src/mirrors/mirror.ts';
import { parseNetblock } from '../../src/net/netblock.ts';
import type { MirrorRegistry } from '../../src/ports/mirror-registry.ts';
import { author } from '../fakes/author.ts';
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
        const second = await registry.add(whole, author);
        const first = await registry.add(newMirror({ name: 'first' }), author);
        assert.notEqual(first.id, second.id);
        assert.deepEqual(await registry.list(), [first, second]);
        assert.deepEqual(second, { ...whole, id: second.id });
      }),
    );
    it(
      'changes a mirror in place, its name too',
      using(async (registry) => {
        const added = await registry.add(whole, author);
        const { coordinates: _, ...rest } = added;
        await registry.update(added, { ...rest, name: 'renamed', weight: 7 }, author);
        assert.deepEqual(await registry.list(), [{ ...rest, name: 'renamed', weight: 7 }]);
      }),
    );
    it(
      'refuses a name that is taken and changes nothing',
      using(async (registry) => {
        const one = await registry.add(newMirror({ name: 'one' }), author);
        const two = await registry.add(newMirror({ name: 'two' }), author);
        await assert.rejects(() => registry.add(newMirror({ name: 'one' }), author), isNameTaken);
        await assert.rejects(() => registry.update(two, { ...two, name: 'one' }, author), isNameTaken);
        assert.deepEqual(await registry.list(), [one, two]);
      }),
    );
    it(
      'removes a mirror and never gives its number to another',
      using(async (registry) => {
        const gone = await registry.add(newMirror({ name: 'gone' }), author);
        await registry.remove(gone, author);
        assert.deepEqual(await registry.list(), []);
        assert.ok((await registry.add(newMirror({ name: 'next' }), author)).id > gone.id);
      }),
    );
    it(
      'changes and removes only what is as it was given',
      using(async (registry) => {
        const isChanged = (error: unknown) => isSignpostError(error, 'LOCKED');
        const first = await registry.add(whole, author);
        const second = { ...first, weight: 2 };
        await registry.update(first, second, author);
        await assert.rejects(() => registry.update(first, { ...first, weight: 3 }, author), isChanged);
        await assert.rejects(() => registry.remove(first, author), isChanged);
        assert.deepEqual(await registry.list(), [second]);
        await registry.remove(second, author);
        await assert.rejects(
          () => registry.remove(second, author),
          (error) => isSignpostError(error, 'NOT_FOUND'),
        );
      }),
    );
    it(
      'says that a mirror is not there',
      using(async (registry) => {
        const missing = { ...whole, id: 99 as MirrorId };
        const isMissing = (error: unknown) => isSignpostError(error, 'NOT_FOUND');
        await assert.rejects(() => registry.remove(missing, author), isMissing);
        await assert.rejects(() => registry.update(missing, missing, author), isMissing);
      }),
    );
    it(
      'has another version after each change, and the same while nothing changes',
      using(async (registry) => {
        const versions = [await registry.version()];
        const mirror = await registry.add(whole, author);
        versions.push(await registry.version());
        await registry.update(mirror, { ...mirror, weight: 2 }, author);
        versions.push(await registry.version());
        await registry.list();
        assert.equal(await registry.version(), versions.at(-1));
        await registry.remove({ ...mirror, weight: 2 }, author);
        versions.push(await registry.version());
        assert.equal(new Set(versions).size, versions.length);
      }),
    );
  });
}

function isNameTaken(error: unknown): boolean {
  return isSignpostError(error, 'USAGE') && /"one" already/.test(error.message);
}
