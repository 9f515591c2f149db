import type { Step } from '../../trust/verify/step.ts';

/** Steps as a tree of lines, each with its verdict. */
export function describeSteps(step: Step): readonly string[] {
  return [describe(step), ...describeBelow(step, '')];
}

function describeBelow({ steps = [] }: Step, indent: string): readonly string[] {
  return steps.flatMap((step, index) => {
    const last = index === steps.length - 1;
    return [
      `${indent}${last ? '└─ ' : '├─ '}${describe(step)}`,
      ...describeBelow(step, `${indent}${last ? '   ' : '│  '}`),
    ];
  });
}

function describe({ ok, name, detail, steps = [] }: Step): string {
  // What fails in a step below is told there.
  const told = detail === undefined || (!ok && steps.some((step) => !step.ok && step.detail === detail));
  return `${ok ? 'ok' : 'FAILED'}  ${name}${told ? '' : `: ${detail}`}`;
}
