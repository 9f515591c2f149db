import type { Digest } from '../../oci/digest.ts';

/** An entry: 64 bits of the digest and three unsigned 32-bit numbers. */
const words = 5;

/**
 * Digests with three numbers each, sorted, in 20 bytes an entry outside of the garbage collector's sight: as many
 * objects in a Map would take several times that. 64 bits of a SHA-256 tell a million apart but for a chance of one in
 * forty million; what a client gets is checked against the whole digest anyway. Whoever makes up a digest that begins like
 * another one finds that one's entry: an entry does not prove that there is such content. It never changes.
 */
export class DigestTable {
  readonly #entries: Uint32Array;

  /** @param entries sorted by digest; it must not be changed any more */
  constructor(entries: Uint32Array) {
    this.#entries = entries;
  }

  get size(): number {
    return this.#entries.length / words;
  }

  /** The entry of a digest, or -1. */
  find(digest: Digest): number {
    const high = keyWord(digest, 7);
    const low = keyWord(digest, 15);
    const entries = this.#entries;
    let from = 0;
    let to = this.size;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const at = middle * words;
      const order = (entries[at] ?? 0) - high || (entries[at + 1] ?? 0) - low;
      if (order === 0) return middle;
      if (order < 0) from = middle + 1;
      else to = middle;
    }
    return -1;
  }

  /** The entry's numbers. */
  first(entry: number): number {
    return this.#entries[entry * words + 2] ?? 0;
  }
  second(entry: number): number {
    return this.#entries[entry * words + 3] ?? 0;
  }
  third(entry: number): number {
    return this.#entries[entry * words + 4] ?? 0;
  }

  equals(other: DigestTable): boolean {
    const [own, others] = [this.#entries, other.#entries];
    return own.length === others.length && own.every((word, index) => word === others[index]);
  }
}

/** Collects entries and then makes them a table. */
export class DigestTableBuilder {
  readonly #words: number[] = [];
  #sorted = true;

  add(digest: Digest, first: number, second: number, third: number): void {
    this.#words.push(keyWord(digest, 7), keyWord(digest, 15), first, second, third);
    const at = this.#words.length - words;
    this.#sorted &&= at === 0 || compare(this.#words, at - words, at) < 0;
  }

  /** A digest that was added twice is in it once. */
  build(): DigestTable {
    const entries = Uint32Array.from(this.#words);
    return new DigestTable(this.#sorted ? entries : sort(entries));
  }
}

function compare(entries: ArrayLike<number>, one: number, other: number): number {
  return (entries[one] ?? 0) - (entries[other] ?? 0) || (entries[one + 1] ?? 0) - (entries[other + 1] ?? 0);
}

/** Rare: databases give digests in their order. Of equal ones the first stays. */
function sort(entries: Uint32Array): Uint32Array {
  const order = Uint32Array.from({ length: entries.length / words }, (_, index) => index * words);
  order.sort((one, other) => compare(entries, one, other));
  const kept = order.filter((at, index) => index === 0 || compare(entries, order[index - 1] ?? 0, at) !== 0);
  const sorted = new Uint32Array(kept.length * words);
  for (const [index, at] of kept.entries()) sorted.set(entries.subarray(at, at + words), index * words);
  return sorted;
}

/** Eight hexadecimal digits as a number. A Digest has nothing but lower-case digits there. */
function keyWord(digest: Digest, start: number): number {
  let value = 0;
  for (let at = start; at < start + 8; at += 1) {
    const code = digest.charCodeAt(at);
    value = (value << 4) | (code <= 57 ? code - 48 : code - 87);
  }
  return value >>> 0;
}
