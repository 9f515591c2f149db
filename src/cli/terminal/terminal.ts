import { visible } from '../../text/visible.ts';
import type { Streams, TextOutput, Terminal } from './command.ts';

/**
 * The terminal that commands get. Mirrors, registries and images name themselves as they like, and what they say comes out
 * in results, errors and questions: it is escaped here, where all of that goes out, so that nobody has to think of it.
 */
export function createTerminal({ stdin, stdout, stderr, signal }: Streams): Terminal {
  return { stdin, stdout: escaped(stdout), stderr: escaped(stderr), screen: stderr, signal };
}

function escaped(stream: Streams['stdout']): TextOutput {
  return { isTTY: stream.isTTY === true, write: (text) => stream.write(visible(text)) };
}
