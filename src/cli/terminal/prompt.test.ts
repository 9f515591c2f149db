import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { Streams, Terminal } from './command.ts';
import { parseDuration } from './duration.ts';
import { createTerminal as createStreams } from './terminal.ts';
import { askSecret, confirm, createHiddenLine } from './prompt.ts';

interface TestTerminal {
  readonly terminal: Terminal;
  readonly type: (keys: string) => void;
  readonly end: () => void;
  readonly shown: () => string;
}

function createTerminal(isTTY: boolean): TestTerminal {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: (mode: boolean) => modes.push(mode) });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  const { signal } = new AbortController();
  let text = '';
  stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const terminal = createStreams({ stdin, stdout: new PassThrough(), stderr, signal } as unknown as Streams);
  return {
    terminal,
    type: (keys) => void stdin.write(keys),
    end: () => void stdin.end(),
    shown: () => `${text}${modes.join()}`,
  };
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

test('without a terminal, and with nothing piped in, the question is an error that says what to do', async () => {
  const { terminal, end } = createTerminal(false);
  end();
  await assert.rejects(confirm(terminal, 'Sign?', 'say --yes'), { code: 'USAGE', message: /say --yes/ });
  await assert.rejects(askSecret(terminal, 'Passphrase', 'name a file'), {
    code: 'USAGE',
    message: /name a file/,
  });
});

test('without a terminal each question takes the next line that is piped in', async () => {
  const { terminal, type, end, shown } = createTerminal(false);
  type('y\ncorrect horse\r\nno');
  assert.equal(await confirm(terminal, 'Sign?', 'say --yes'), true);
  assert.equal(await askSecret(terminal, 'Passphrase', 'name a file'), 'correct horse');
  const last = confirm(terminal, 'Again?', 'say --yes');
  end();
  assert.equal(await last, false);
  assert.match(shown(), /^Sign\? \[y\/N\] \(from standard input\)\nPassphrase /);
  await assert.rejects(confirm(terminal, 'Once more?', 'say --yes'), { code: 'USAGE' });
});

test('an answer that has no end is refused', async () => {
  const { terminal, type } = createTerminal(false);
  type('y'.repeat(5000));
  await assert.rejects(confirm(terminal, 'Sign?', 'say --yes'), { code: 'USAGE', message: /4096 bytes/ });
});

test('times on the command line carry a unit', () => {
  assert.equal(parseDuration('90d', '--expires'), 90 * 86_400_000);
  assert.equal(parseDuration('15m', '--expires'), 900_000);
  for (const text of ['90', 'd', '0d', '-1d', '1.5h', '9999999s', '90d ']) {
    assert.throws(() => parseDuration(text, '--expires'), { code: 'USAGE', message: /--expires is/ }, text);
  }
});
