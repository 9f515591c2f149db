/** Of a new measurement; the rest is what was measured before. About the last ten count. */
const freshness = 0.2;
/** One measurement counts for so many times the average at most: a single pause is not slowness. */
const outlier = 4;

/** The smoothed time, in milliseconds, that a mirror takes to answer. `before` is undefined at first. */
export function smoothResponseTime(before: number | undefined, measured: number): number {
  if (before === undefined) return measured;
  return before + freshness * (Math.min(measured, outlier * before) - before);
}

/** A mirror whose time is to be compared, with those that it is compared with. */
export interface TimedMirror {
  readonly country: string;
  readonly continent: string | undefined;
  /** Smoothed, in milliseconds; undefined when it is not known. */
  readonly responseTime: number | undefined;
}

/** So many mirrors there must be to say what is usual. */
const quorum = 3;
/** Nobody notices less, in milliseconds. */
const negligible = 50;
/** What is left of a slow mirror's weight, at least: it still helps, and recovers where it is seen. */
const leastFactor = 1 / 8;

/**
 * What is left of each mirror's weight, from 1/8 to 1, by the index in `mirrors`. A mirror is compared with the median
 * of its country, or of its continent where the country has few mirrors: they are about as far from the origin as it
 * is, so the way there is not held against it. The weight halves at twice the median and with each doubling from there,
 * in steps, so that small changes move no clients.
 */
export function responseFactors(mirrors: readonly TimedMirror[]): Float64Array {
  const byCountry = mediansOf(mirrors, ({ country }) => country);
  const byContinent = mediansOf(mirrors, ({ continent }) => continent);
  return Float64Array.from(mirrors, ({ country, continent, responseTime }) => {
    const usual =
      byCountry.get(country) ?? (continent === undefined ? undefined : byContinent.get(continent));
    return responseTime === undefined || usual === undefined ? 1 : factorOf(responseTime, usual);
  });
}

function factorOf(time: number, usual: number): number {
  const ratio = time / Math.max(usual, negligible);
  return Math.max(leastFactor, 2 ** -Math.floor(Math.log2(Math.max(1, ratio))));
}

function mediansOf(
  mirrors: readonly TimedMirror[],
  keyOf: (mirror: TimedMirror) => string | undefined,
): ReadonlyMap<string, number> {
  const times = new Map<string, number[]>();
  for (const mirror of mirrors) {
    const key = keyOf(mirror);
    if (key === undefined || mirror.responseTime === undefined) continue;
    const group = times.get(key);
    if (group === undefined) times.set(key, [mirror.responseTime]);
    else group.push(mirror.responseTime);
  }
  const medians = new Map<string, number>();
  for (const [key, group] of times) {
    if (group.length < quorum) continue;
    medians.set(key, group.sort((one, other) => one - other)[group.length >> 1] ?? 0);
  }
  return medians;
}
