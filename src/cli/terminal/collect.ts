/** Collects the values of an option that may be repeated. Their list is undefined where the option is not given. */
export function collect(value: string, before: unknown): readonly string[] {
  return [...listOf(before), value];
}

/** The same for an option each of whose values may be several, with commas between them. */
export function collectItems(value: string, before: unknown): readonly string[] {
  return [...listOf(before), ...value.split(',').map((item) => item.trim())];
}

/** `--no-x` makes the value of `--x` a boolean. */
function listOf(before: unknown): readonly string[] {
  return Array.isArray(before) ? (before as string[]) : [];
}
