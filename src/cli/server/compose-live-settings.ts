import { isDeepStrictEqual } from 'node:util';
import type { MirrorProbe } from '../../ports/mirror-probe.ts';
import type { PlaceFinder } from '../../ports/place-finder.ts';
import type { Config } from '../config/config-schema.ts';
import { composePlaceFinder } from '../config/places.ts';
import { composeProbe } from '../config/probing.ts';

/** What a running server looks at anew each time, so that a configuration that is read again takes effect. */
export interface LiveSettings {
  readonly places: PlaceFinder;
  readonly probe: MirrorProbe;
  /** The same object for ever, with the newest values. */
  readonly mirrors: Config['mirrors'];
  /**
   * Takes over the mirrors' settings and the places. What is wrong changes nothing.
   * @returns the settings that differ and need a restart, such as `registry.listen`
   * @throws SignpostError CONFIG_INVALID
   */
  take(next: Config): Promise<readonly string[]>;
}

/**
 * @param pause gives requests their turn while a configuration is taken over
 * @throws SignpostError CONFIG_INVALID
 */
export async function createLiveSettings(config: Config, pause: () => Promise<void>): Promise<LiveSettings> {
  let places = await composePlaceFinder(config);
  let probe = composeProbe(config);
  const mirrors = { ...config.mirrors };
  return {
    places: { find: (address) => places.find(address) },
    probe: {
      findFamilies: (...asked) => probe.findFamilies(...asked),
      checkRange: (...asked) => probe.checkRange(...asked),
      checkHead: (...asked) => probe.checkHead(...asked),
      checkWhole: (...asked) => probe.checkWhole(...asked),
      readSerial: (...asked) => probe.readSerial(...asked),
    },
    mirrors,
    async take(next) {
      const [newPlaces, newProbe] = [await composePlaceFinder(next, pause), composeProbe(next)];
      places = newPlaces;
      probe = newProbe;
      Object.assign(mirrors, next.mirrors);
      return differences(config, next);
    },
  };
}

const taken: ReadonlySet<string> = new Set(['mirrors', 'places', 'log.level']);

function differences(before: Config, after: Config): readonly string[] {
  const one = flatten(before);
  const other = flatten(after);
  return [...new Set([...one.keys(), ...other.keys()])].filter(
    (name) => !isDeepStrictEqual(one.get(name), other.get(name)),
  );
}

/** Settings by their names, two levels deep, without those that are taken over. */
function flatten(config: Config): ReadonlyMap<string, unknown> {
  const entries = Object.entries(config)
    .filter(([section]) => !taken.has(section))
    .flatMap(([section, value]: [string, unknown]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([key, inner]) => [`${section}.${key}`, inner] as const)
        : [[section, value] as const],
    );
  return new Map(entries.filter(([name]) => !taken.has(name)));
}
