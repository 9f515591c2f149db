import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { Terminal } from './command.ts';
import { parseDuration } from './duration.ts';
import { askSecret, confirm, createHiddenLine } from './prompt.ts';

interface TestTerminal {
  readonly terminal: Terminal;
  readonly type: (keys: string) => void;
  readonly shown: () => string;
}

function createTerminal(isTTY: boolean): TestTerminal {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: (mode: boolean) => modes.push(mode) });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  const { signal } = new AbortController();
  let text = '';
  stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const terminal = { stdin, stdout: new PassThrough(), stderr, signal } as unknown as Terminal;
  return { terminal, type: (keys) => void stdin.write(keys), shown: () => `${text}${modes.join()}` };
}

test('a secret is read without being shown', async () => {
  const { terminal, type, shown } = createTerminal(true);
  const asked = askSecret(terminal, 'Passphrase', 'use a file');
  type('correct ');
  type('horse\r');
  assert.equal(await asked, 'correct horse');
  assert.equal(shown(), 'Passphrase: \ntrue,false');
});

test('a secret can be edited and the question left', () => {
  assert.deepEqual(createHiddenLine().type('wrong\u0015ri\u007fight\n'), { text: 'right' });
  assert.equal(createHiddenLine().type('half\u0003'), 'cancelled');
  assert.equal(createHiddenLine().type('\u0004'), 'cancelled');
  const line = createHiddenLine();
  assert.equal(line.type('ü'.repeat(5000)), undefined);
  assert.deepEqual(line.type('\r'), { text: 'ü'.repeat(4096) });
});

test('only yes is yes', async () => {
  for (const [answer, expected] of [
    ['y', true],
    [' Yes ', true],
    ['', false],
    ['yess', false],
    ['n', false],
  ] as const) {
    const { terminal, type } = createTerminal(true);
    const asked = confirm(terminal, 'Sign?', 'say --yes');
    type(`${answer}\n`);
    assert.equal(await asked, expected, answer);
  }
});

test('without a terminal the question is an error that says what to do', async () => {
  const { terminal } = createTerminal(false);
  await assert.rejects(confirm(terminal, 'Sign?', 'say --yes'), { code: 'USAGE', message: /say --yes/ });
  await assert.rejects(askSecret(terminal, 'Passphrase', 'name a file'), {
    code: 'USAGE',
    message: /name a file/,
  });
});

test('times on the command line carry a unit', () => {
  assert.equal(parseDuration('90d', '--expires'), 90 * 86_400_000);
  assert.equal(parseDuration('15m', '--expires'), 900_000);
  for (const text of ['90', 'd', '0d', '-1d', '1.5h', '9999999s', '90d ']) {
    assert.throws(() => parseDuration(text, '--expires'), { code: 'USAGE', message: /--expires is/ }, text);
  }
});
