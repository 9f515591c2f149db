import type { NewFile } from '../../src/ports/new-file.ts';

/** A new file in memory. `text` is there only once it was released. */
export interface MemoryNewFile extends NewFile {
  text: string | undefined;
  discarded: boolean;
}

export function createMemoryNewFile(path = 'file.jsonl'): MemoryNewFile {
  let written = '';
  const file: MemoryNewFile = {
    path,
    text: undefined,
    discarded: false,
    write: async (text) => {
      written += text;
    },
    settle: async () => undefined,
    release: async () => {
      file.text = written;
    },
    discard: async () => {
      file.discarded = true;
    },
  };
  return file;
}

/** The lines of a text, as a file gives them: each with its line feed. */
export async function* linesOf(text: string | undefined): AsyncGenerator<Uint8Array> {
  for (const line of (text ?? '').split(/(?<=\n)/)) yield Buffer.from(line);
}
