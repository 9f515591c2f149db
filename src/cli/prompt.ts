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
  const { stdin, stderr } = terminal;
  stderr.write(`${question}: `);
  stdin.setRawMode(true);
  try {
    return await readHidden(stdin);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

// In raw mode the terminal edits nothing and raises no signals: both are done here.
async function readHidden(stdin: NodeJS.ReadStream): Promise<string> {
  let typed: string[] = [];
  for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
    for (const character of String(chunk)) {
      if (character === '\r' || character === '\n') return typed.join('');
      if (character === '\u0003' || (character === '\u0004' && typed.length === 0)) {
        throw new SignpostError('CANCELLED', 'stopped while asking for the passphrase');
      }
      if (character === '\u0015') typed = [];
      else if (character === '\u007f' || character === '\b') typed.pop();
      else if (typed.push(character) > answerLimit) {
        throw new SignpostError('LIMIT_EXCEEDED', 'the passphrase is too long');
      }
    }
  }
  throw new SignpostError('CANCELLED', 'the terminal was closed while asking for the passphrase');
}

function isInteractive({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY && stderr.isTTY === true;
}
