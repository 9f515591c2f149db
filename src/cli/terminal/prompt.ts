import { createInterface } from 'node:readline/promises';
import { SignpostError } from '../../oci/errors.ts';
import { visibleLine } from '../../text/visible.ts';
import type { Terminal } from './command.ts';
import { readPipedLine } from './piped-line.ts';

const answerLimit = 4096;

/**
 * Asks a yes-or-no question; everything but "y" and "yes" is no. Without a terminal the answer is the next line that is
 * piped in. `unattended` says what to do when there is neither.
 * @throws SignpostError USAGE when nobody answers, CANCELLED
 */
export async function confirm(terminal: Terminal, question: string, unattended: string): Promise<boolean> {
  if (!isInteractive(terminal)) return isYes(await readUnattended(terminal, `${question} [y/N]`, unattended));
  const lines = createInterface({ input: terminal.stdin, output: terminal.screen });
  try {
    const answer = await lines.question(`${visibleLine(question)} [y/N] `, { signal: terminal.signal });
    return isYes(answer);
  } catch (cause) {
    throw new SignpostError('CANCELLED', 'stopped while asking', { cause });
  } finally {
    lines.close();
  }
}

/**
 * Asks for a secret without showing what is typed. Without a terminal it is the next line that is piped in.
 * @throws SignpostError USAGE when nobody answers, CANCELLED
 */
export async function askSecret(terminal: Terminal, question: string, unattended: string): Promise<string> {
  if (!isInteractive(terminal)) return readUnattended(terminal, question, unattended);
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

async function readUnattended(terminal: Terminal, question: string, unattended: string): Promise<string> {
  const { stdin, stderr, signal } = terminal;
  if (!stdin.isTTY) stderr.write(`${question} (from standard input)\n`);
  const line = stdin.isTTY ? undefined : await readPipedLine(stdin, signal);
  if (line !== undefined) return line;
  throw new SignpostError(
    'USAGE',
    `there is no terminal to ask on, and no answer was piped in: ${unattended}`,
  );
}

function isYes(answer: string): boolean {
  return /^\s*y(?:es)?\s*$/i.test(answer);
}

function isInteractive({ stdin, screen }: Terminal): boolean {
  return stdin.isTTY && screen.isTTY === true;
}
