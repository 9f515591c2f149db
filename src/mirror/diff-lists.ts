/**
 * The lines of two sorted lists that are in one alone, by their paths. Both are read once and side by side, however
 * long they are.
 */
export async function* diffLists(
  before: AsyncIterable<string>,
  now: AsyncIterable<string>,
): AsyncGenerator<{ readonly path: string; readonly what: 'gone' | 'new' }> {
  const [left, right] = [before[Symbol.asyncIterator](), now[Symbol.asyncIterator]()];
  let [a, b] = [await pathOf(left), await pathOf(right)];
  while (a !== undefined || b !== undefined) {
    if (b === undefined || (a !== undefined && a < b)) {
      if (a !== undefined) yield { path: a, what: 'gone' };
      a = await pathOf(left);
    } else if (a === undefined || b < a) {
      yield { path: b, what: 'new' };
      b = await pathOf(right);
    } else {
      [a, b] = [await pathOf(left), await pathOf(right)];
    }
  }
}

async function pathOf(lines: AsyncIterator<string>): Promise<string | undefined> {
  for (;;) {
    const next = await lines.next();
    if (next.done === true) return undefined;
    const [path = ''] = next.value.split(' ');
    // The first line says what the list is.
    if (path.includes('/')) return path;
  }
}
