import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `condition` holds; after `patience` milliseconds it throws and says what it waited for. */
export async function eventually(
  what: string,
  patience: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${patience} ms in vain until ${what}`);
    await sleep(100);
  }
}
