import type { Signpost } from '../signpost.ts';

/** What was, what is, and what others made. Each is served by an installation of its own. */
export const stateNames = ['current', 'old', 'brief', 'thief', 'stolen'] as const;
export type StateName = (typeof stateNames)[number];

export interface State {
  readonly signpost: Signpost;
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
}

/** The repository that is attacked; its tag is `1.0`. */
export const attacked = 'demo/tool';
