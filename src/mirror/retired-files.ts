import { parseContentPath } from '../tree/content-path.ts';
import { isDigest } from '../oci/digest.ts';
import type { MirrorFolder, MirrorWriter } from '../ports/mirror-folder.ts';
import { stateFolder } from './state-folder.ts';

const statePath = `${stateFolder}/retired.json`;
const stateLimit = 512 * 1024 * 1024;
/** So many are remembered, and the others stay for good: all of them are held in memory, and written as one text. */
const filesLimit = 1_000_000;

/**
 * Files that no list names any more, and since when, in milliseconds since the epoch. They are remembered before the
 * marker is written and removed after it, once the grace is over: clients that were sent here may still ask for them.
 */
export class RetiredFiles {
  readonly #since: Map<string, number>;
  #changed = false;

  private constructor(since: Map<string, number>) {
    this.#since = since;
  }

  /** What an earlier run remembered. Whatever is not as it must be is forgotten: then a file stays for good. */
  static async load(folder: Pick<MirrorFolder, 'read'>): Promise<RetiredFiles> {
    const bytes = await folder.read(statePath, stateLimit);
    const since = new Map<string, number>();
    if (bytes === undefined) return new RetiredFiles(since);
    try {
      const value: unknown = JSON.parse(Buffer.from(bytes).toString());
      for (const [path, time] of Object.entries(value as Record<string, unknown>)) {
        if (isOurs(path) && typeof time === 'number') since.set(path, time);
      }
    } catch {
      since.clear();
    }
    return new RetiredFiles(since);
  }

  retire(path: string, now: number): void {
    if (!isOurs(path) || this.#since.has(path) || this.#since.size >= filesLimit) return;
    this.#since.set(path, now);
    this.#changed = true;
  }

  has(path: string): boolean {
    return this.#since.has(path);
  }

  /** A list names it again. */
  keep(path: string): void {
    if (this.#since.delete(path)) this.#changed = true;
  }

  /** Those whose grace is over; of numbered ones the last comes first, so that no gap is ever seen. */
  due(now: number, grace: number): readonly string[] {
    return [...this.#since]
      .filter(([, since]) => now - since >= grace)
      .map(([path]) => path)
      .sort()
      .toReversed();
  }

  async save(writer: Pick<MirrorWriter, 'place'>): Promise<void> {
    if (!this.#changed) return;
    await writer.place(statePath, Buffer.from(JSON.stringify(Object.fromEntries(this.#since))));
    this.#changed = false;
  }
}

// What is in the file is removed: it must not be able to name anything else.
function isOurs(path: string): boolean {
  const list = path.startsWith('contents/') && isDigest(path.slice('contents/'.length));
  return list || parseContentPath(path) !== undefined;
}
