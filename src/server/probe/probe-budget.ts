import { HourlyBudget } from './hourly-budget.ts';

export interface BudgetSettings {
  /** Requests to one mirror in an hour. */
  readonly hourlyRequests: number;
  /** Bytes read from one mirror in an hour. */
  readonly hourlyBytes: number;
}

/** What a visit has cost. */
interface Cost {
  readonly requests: number;
  readonly bytes: number;
}

/** What may be asked of one mirror in an hour. What a visit costs is known only afterwards; the next one waits for it. */
export class ProbeBudget {
  readonly #requests: HourlyBudget;
  readonly #bytes: HourlyBudget;
  readonly #settings: BudgetSettings;

  /** @param settings read each time: they may change */
  constructor(settings: BudgetSettings, now: number) {
    this.#requests = new HourlyBudget(() => settings.hourlyRequests, now);
    this.#bytes = new HourlyBudget(() => settings.hourlyBytes, now);
    this.#settings = settings;
  }

  /** Whether a visit may begin. */
  hasLeft(now: number): boolean {
    return this.#requests.hasLeft(now) && this.#bytes.hasLeft(now);
  }

  /** A whole blob, read without a reason, must leave half for the rest. */
  mayReadWhole(now: number): boolean {
    return this.#bytes.hasLeft(now, this.#settings.hourlyBytes / 2);
  }

  /**
   * Whether a visit of at least so many requests and bytes may follow up what clients say. It must leave a quarter for
   * the visits that nobody has to ask for, or whoever repeats himself could have a mirror looked at no more.
   */
  mayFollowUp(now: number, requests = 0, bytes = 0): boolean {
    const { hourlyRequests, hourlyBytes } = this.#settings;
    return (
      this.#requests.hasLeft(now, hourlyRequests / 4 + requests) &&
      this.#bytes.hasLeft(now, hourlyBytes / 4 + bytes)
    );
  }

  spend(cost: Cost, now: number): void {
    this.#requests.spend(cost.requests, now);
    this.#bytes.spend(cost.bytes, now);
  }
}
