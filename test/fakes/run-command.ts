import { Writable } from 'node:stream';
import type { Terminal } from '../../src/cli/command.ts';
import { run } from '../../src/cli/main.ts';

/** Runs one command line in this process, as the program does. */
export async function runCommand(
  ...argv: readonly string[]
): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  const out = createSink();
  const err = createSink();
  const terminal: Terminal = {
    stdin: process.stdin,
    stdout: out.stream,
    stderr: err.stream,
    signal: new AbortController().signal,
  };
  const status = await run(argv, terminal);
  return { status, out: out.text(), err: err.text() };
}

function createSink() {
  const pieces: string[] = [];
  const stream = new Writable({
    write: (piece: Buffer, _encoding, done) => {
      pieces.push(piece.toString());
      done();
    },
  });
  return { stream, text: () => pieces.join('') };
}
