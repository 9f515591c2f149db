import type { PropagationSample } from '../../ports/propagation.ts';

/** How one publication spread. */
export interface Spread {
  readonly serial: number;
  /** In the order of their times. */
  readonly samples: readonly PropagationSample[];
  /** Milliseconds from the first look at it until half, nine tenths and all of the mirrors held it. */
  readonly half: number | undefined;
  readonly most: number | undefined;
  readonly all: number | undefined;
}

/** @param samples of each publication in the order of their times */
export function summarise(samples: readonly PropagationSample[]): readonly Spread[] {
  return [...Map.groupBy(samples, ({ serial }) => serial)].map(([serial, own]) => {
    const until = (share: number) => {
      const reached = own.find(({ holding, mirrors }) => mirrors > 0 && holding >= mirrors * share);
      return reached === undefined || own[0] === undefined ? undefined : reached.at - own[0].at;
    };
    return { serial, samples: own, half: until(0.5), most: until(0.9), all: until(1) };
  });
}
