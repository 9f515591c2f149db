import { createInterface } from 'node:readline/promises';
import { SignpostError } from '../oci/errors.ts';
import type { Terminal } from './command.ts';

const answerLimit = 4096;

/**
 * Asks a yes-or-no question; everything but "y" and "yes" is no. `unattended` says what to do without a terminal.
 * @throws SignpostError USAGE when there is no terminal
 */
export async function confirm(terminal: Terminal, question: string, unattended: string): Promise<boolean> {
  if (!isInteractive(terminal))
    throw new SignpostError('USAGE', `there is no terminal to ask on: ${unattended}`);
  const lines = createInterface({ input: terminal.stdin, output: terminal.stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: terminal.signal });
    return /^\s*y(?:es)?\s*$/i.test(answer);
  } catch (cause) {
    throw new SignpostError('CANCELLED', 'stopped while asking', { cause });
  } finally {
    lines.close();
  }
}

/**
 * Asks for a secret without showing what is typed.
 * @throws SignpostError USAGE when there is no terminal, CANCELLED
 */
export async function askSecret(terminal: Terminal, question: string, unattended: string): Promise<string> {
  if (!isInteractive(terminal))
    throw new SignpostError('USAGE', `there is no terminal to ask on: ${unattended}`);
  const { stdin, stderr, signal } = terminal;
  // Before the question is shown: what is typed early must not be shown either.
  stdin.setRawMode(true);
  stderr.write(`${question}: `);
  try {
    return await readHidden(stdin, signal);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

function readHidden(stdin: NodeJS.ReadStream, signal: AbortSignal): Promise<string> {
  const line = createHiddenLine();
  return new Promise<string>((resolve, reject) => {
    const cancel = () => reject(new SignpostError('CANCELLED', 'stopped while asking for the passphrase'));
    const read = (chunk: Buffer) => {
      const typed = line.type(chunk.toString('utf8'));
      if (typed === 'cancelled') cancel();
      else if (typed !== undefined) resolve(typed.text);
    };
    stdin.on('data', read).once('end', cancel);
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
  }).finally(() => stdin.removeAllListeners('data').removeAllListeners('end'));
}

/**
 * A line that is typed in raw mode, where the terminal edits nothing and raises no signals: both are done here.
 * `type` returns the text once the line is ended.
 */
export function createHiddenLine(): {
  type(keys: string): { readonly text: string } | 'cancelled' | undefined;
} {
  let typed: string[] = [];
  return {
    type(keys) {
      for (const key of keys) {
        if (key === '\r' || key === '\n') return { text: typed.join('') };
        if (key === '\u0003' || (key === '\u0004' && typed.length === 0)) return 'cancelled';
        if (key === '\u0015') typed = [];
        else if (key === '\u007f' || key === '\b') typed.pop();
        else if (typed.length < answerLimit) typed.push(key);
      }
      return undefined;
    },
  };
}

function isInteractive({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY && stderr.isTTY === true;
}
