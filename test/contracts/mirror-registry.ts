import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSignpostError } from '../../src/oci/errors.ts';
import type { MirrorId } from '../../src/mirrors/mirror.ts';
import { parseNetblock } from '../../src/mirrors/netblock.ts';
import type { MirrorRegistry } from '../../src/ports/mirror-registry.ts';
import { newMirror } from '../fakes/mirrors.ts';

/** What every MirrorRegistry must do. `open` makes an empty one, and what ends it. */
export function mirrorRegistryContract(
  name: string,
  open: () => { readonly registry: MirrorRegistry; readonly end: () => void },
): void {
  const using = (work: (registry: MirrorRegistry) => void) => () => {
    const { registry, end } = open();
    try {
      work(registry);
    } finally {
      end();
    }
  };
  const whole = newMirror({
    name: 'whole',
    coordinates: { latitude: -33.5, longitude: 151.25 },
    asns: [680, 4_294_967_295],
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
      using((registry) => {
        assert.deepEqual(registry.list(), []);
        const second = registry.add(whole);
        const first = registry.add(newMirror({ name: 'first' }));
        assert.notEqual(first.id, second.id);
        assert.deepEqual(registry.list(), [first, second]);
        assert.deepEqual(second, { ...whole, id: second.id });
      }),
    );
    it(
      'changes a mirror in place, its name too',
      using((registry) => {
        const added = registry.add(whole);
        const { coordinates: _, ...rest } = added;
        registry.update({ ...rest, name: 'renamed', weight: 7 });
        assert.deepEqual(registry.list(), [{ ...rest, name: 'renamed', weight: 7 }]);
      }),
    );
    it(
      'refuses a name that is taken and changes nothing',
      using((registry) => {
        const one = registry.add(newMirror({ name: 'one' }));
        const two = registry.add(newMirror({ name: 'two' }));
        assert.throws(() => registry.add(newMirror({ name: 'one' })), isNameTaken);
        assert.throws(() => registry.update({ ...two, name: 'one' }), isNameTaken);
        assert.deepEqual(registry.list(), [one, two]);
      }),
    );
    it(
      'removes a mirror and never gives its number to another',
      using((registry) => {
        const gone = registry.add(newMirror({ name: 'gone' }));
        registry.remove(gone.id);
        assert.deepEqual(registry.list(), []);
        assert.ok(registry.add(newMirror({ name: 'next' })).id > gone.id);
      }),
    );
    it(
      'says that a mirror is not there',
      using((registry) => {
        const isMissing = (error: unknown) => isSignpostError(error, 'NOT_FOUND');
        assert.throws(() => registry.remove(99 as MirrorId), isMissing);
        assert.throws(() => registry.update({ ...whole, id: 99 as MirrorId }), isMissing);
      }),
    );
    it(
      'has another version after each change, and the same while nothing changes',
      using((registry) => {
        const versions = [registry.version()];
        const mirror = registry.add(whole);
        versions.push(registry.version());
        registry.update({ ...mirror, weight: 2 });
        versions.push(registry.version());
        registry.list();
        assert.equal(registry.version(), versions.at(-1));
        registry.remove(mirror.id);
        versions.push(registry.version());
        assert.equal(new Set(versions).size, versions.length);
      }),
    );
  });
}

function isNameTaken(error: unknown): boolean {
  return isSignpostError(error, 'USAGE') && /"one" already/.test(error.message);
}
