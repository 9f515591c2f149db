import type { Terminal } from './command.ts';

/** How often a line is written anew, whatever there is to count. */
const mostLines = 1000;

/**
 * Tells on a terminal how many of `all` are done, such as `120 of 500 signatures`, in one line that is gone when all are.
 * Where nobody looks, nothing is written.
 */
export function createCountLine(
  { screen }: Pick<Terminal, 'screen'>,
  what: string,
): (done: number, all: number) => void {
  if (screen.isTTY !== true) return () => undefined;
  return (done, all) => {
    if (done === all) screen.write('\r\u001B[K');
    else if (done % Math.ceil(all / mostLines) === 0) screen.write(`\r${done} of ${all} ${what}\u001B[K`);
  };
}
