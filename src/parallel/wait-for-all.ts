/** What `Promise.all` gives, or its first failure in their order; but only once every one of them has ended. */
export async function waitForAll<T extends readonly unknown[]>(
  promises: readonly [...T],
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
