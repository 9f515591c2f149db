/** Keeps what was read, least recently used out first, within a number of bytes. */
export class ByteCache<V> {
  readonly #limit: number;
  readonly #entries = new Map<string, { readonly value: V; readonly bytes: number }>();
  #bytes = 0;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Nothing larger than an eighth of the limit is kept: it would push out everything else. */
  set(key: string, value: V, bytes: number): void {
    const charged = bytes + overhead + key.length;
    this.#remove(key);
    if (charged > this.#limit / 8) return;
    this.#entries.set(key, { value, bytes: charged });
    this.#bytes += charged;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limit) return;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

/** What an entry costs beside its bytes, so that a million empty ones count too. */
const overhead = 200;
