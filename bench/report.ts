/** Prints one figure. */
export function report(title: string, value: string): void {
  process.stdout.write(`${title}: ${value}\n`);
}

/** Prints the medians of ours and theirs and the median of the ratios, taken pair by pair in one run. */
export function compare(
  title: string,
  other: string,
  figures: { readonly ours: readonly number[]; readonly theirs: readonly number[] },
  unit: string,
): void {
  const ratios = figures.ours.map((value, index) => value / (figures.theirs[index] ?? Number.NaN));
  const ours = format(median(figures.ours));
  const theirs = format(median(figures.theirs));
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  report(
    title,
    `signpost ${ours} ${unit}, ${other} ${theirs} ${unit}, ratio ${median(ratios).toFixed(2)} (${spread})`,
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
