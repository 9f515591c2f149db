import { Readable, Writable } from 'node:stream';
import type { Streams } from '../../src/cli/terminal/command.ts';
import { run } from '../../src/cli/program.ts';

/** Runs one command line in this process, as the program does, without a terminal. */
export async function runCommand(...argv: readonly string[]) {
  return runCommandWith('', ...argv);
}

/** The same with something piped in. */
export async function runCommandWith(
  input: string,
  ...argv: readonly string[]
): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  const out = createSink();
  const err = createSink();
  const streams: Streams = {
    stdin: Object.assign(Readable.from(input === '' ? [] : [Buffer.from(input)]), {
      isTTY: false,
    }) as unknown as NodeJS.ReadStream,
    stdout: out.stream,
    stderr: err.stream,
    signal: new AbortController().signal,
  };
  const status = await run(argv, streams);
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
