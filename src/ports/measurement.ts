/**
 * A number that operators watch, or one for each set of labels. It is counted where things happen, by plain additions,
 * and read only when somebody collects.
 */
export interface Measurement {
  /** As Prometheus wants it: in base units, which the name ends with; a counter's ends in `_total`. */
  readonly name: string;
  readonly help: string;
  /** A counter only grows while the process lives. */
  readonly type: 'counter' | 'gauge';
  /** The names of the labels. */
  readonly labels: readonly string[];
  /** Cheap, bounded, and never waits. */
  readonly read: () => Iterable<Sample>;
}

interface Sample {
  readonly value: number;
  /** The values of the labels, in the order of their names. Few: each set of them is kept by whoever collects. */
  readonly labels: readonly string[];
}

/** A measurement of one number. Undefined while it is not known. */
export function measureOne(
  name: string,
  help: string,
  type: Measurement['type'],
  read: () => number | undefined,
): Measurement {
  return {
    name,
    help,
    type,
    labels: [],
    read: () => {
      const value = read();
      return value === undefined ? [] : [{ value, labels: [] }];
    },
  };
}

/** A measurement with one label. */
export function measureEach(
  name: string,
  help: string,
  type: Measurement['type'],
  label: string,
  read: () => Iterable<readonly [string, number]>,
): Measurement {
  return {
    name,
    help,
    type,
    labels: [label],
    read: () => [...read()].map(([of, value]) => ({ value, labels: [of] })),
  };
}
