/** One step of a verification, and the steps that it is made of. */
export interface Step {
  /** What was looked at, for people. */
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly detail?: string;
  /** What kind of failure it is, for programs. */
  readonly reason?: string;
  readonly steps?: readonly Step[];
}

/** A step that holds. */
export function passed(name: string, detail?: string, steps?: readonly Step[]): Step {
  return { name, ok: true, ...(detail === undefined ? {} : { detail }), ...withSteps(steps) };
}

/** A step that does not hold. */
export function failed(name: string, reason: string, detail: string, steps?: readonly Step[]): Step {
  return { name, ok: false, reason, detail, ...withSteps(steps) };
}

/** A step that holds when all of its steps do: the first that does not gives the reason. */
export function allOf(name: string, steps: readonly Step[]): Step {
  const bad = steps.find(({ ok }) => !ok);
  return bad === undefined
    ? passed(name, undefined, steps)
    : failed(name, bad.reason ?? 'failed', bad.detail ?? bad.name, steps);
}

function withSteps(steps: readonly Step[] | undefined): { readonly steps?: readonly Step[] } {
  return steps === undefined || steps.length === 0 ? {} : { steps };
}
