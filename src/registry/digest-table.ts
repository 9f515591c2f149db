import type { Digest } from '../oci/digest.ts';

/** Three unsigned 32-bit numbers that a table keeps for a digest in a repository. */
export interface DigestTable {
  readonly size: number;
  /** The entry of a digest in a repository, or -1. */
  find(digest: Digest, repository: number): number;
  /** The entry's numbers. */
  first(entry: number): number;
  second(entry: number): number;
  third(entry: number): number;
}

/** An entry: 64 bits of the digest, the repository, the three numbers. */
const words = 6;
const chunkBits = 14;
const chunkEntries = 1 << chunkBits;
const chunkMask = chunkEntries - 1;
/**
 * How many entries are indexed before `pause` is asked. At first each touches a page of memory for the first time, which
 * takes some microseconds.
 */
const indexPiece = 128;

/**
 * Collects entries and then makes them a table. 24 bytes an entry and 4 bytes a slot, outside of the garbage
 * collector's sight: ten million blobs take about 300 MB, where as many objects in a Map would take several GB. 64 bits
 * of a SHA-256 tell ten million apart but for a chance of one in 400,000; what a client gets is checked against the
 * whole digest anyway.
 */
export class DigestTableBuilder {
  readonly #chunks: Uint32Array[] = [];
  #size = 0;

  add(digest: Digest, repository: number, first: number, second: number, third: number): void {
    const offset = (this.#size & chunkMask) * words;
    if (offset === 0) this.#chunks.push(new Uint32Array(chunkEntries * words));
    const chunk = this.#chunks.at(-1);
    if (chunk === undefined) return;
    chunk[offset] = keyWord(digest, 7);
    chunk[offset + 1] = keyWord(digest, 15);
    chunk[offset + 2] = repository;
    chunk[offset + 3] = first;
    chunk[offset + 4] = second;
    chunk[offset + 5] = third;
    this.#size += 1;
  }

  /** Indexes what was added; `pause` is awaited after each fraction of a millisecond of work. The builder is spent. */
  async build(pause: () => Promise<void>): Promise<DigestTable> {
    const slots = new Uint32Array(slotsFor(this.#size));
    for (let entry = 0; entry < this.#size; entry += 1) {
      if (entry % indexPiece === indexPiece - 1) await pause();
      insert(slots, this.#chunks, entry);
    }
    return openTable(slots, this.#chunks, this.#size);
  }
}

function openTable(slots: Uint32Array, chunks: readonly Uint32Array[], size: number): DigestTable {
  const mask = slots.length - 1;
  const word = (entry: number, index: number) =>
    chunks[entry >>> chunkBits]?.[(entry & chunkMask) * words + index] ?? 0;
  return {
    size,
    find(digest, repository) {
      const high = keyWord(digest, 7);
      const low = keyWord(digest, 15);
      for (let slot = slotOf(low, repository) & mask; ; slot = (slot + 1) & mask) {
        const entry = (slots[slot] ?? 0) - 1;
        if (entry < 0) return -1;
        const chunk = chunks[entry >>> chunkBits];
        const offset = (entry & chunkMask) * words;
        if (chunk === undefined) return -1;
        if (chunk[offset + 1] === low && chunk[offset] === high && chunk[offset + 2] === repository)
          return entry;
      }
    },
    first: (entry) => word(entry, 3),
    second: (entry) => word(entry, 4),
    third: (entry) => word(entry, 5),
  };
}

/** Slots hold the entry's number and 1; 0 is free. */
function insert(slots: Uint32Array, chunks: readonly Uint32Array[], entry: number): void {
  const mask = slots.length - 1;
  const chunk = chunks[entry >>> chunkBits];
  const offset = (entry & chunkMask) * words;
  let slot = slotOf(chunk?.[offset + 1] ?? 0, chunk?.[offset + 2] ?? 0) & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = entry + 1;
}

/** A power of two that stays at most two thirds full, so that a search ends after a step or two. */
function slotsFor(entries: number): number {
  let slots = 16;
  while (slots * 2 < entries * 3) slots *= 2;
  return slots;
}

/** The repository is mixed in, or a base layer that all repositories have would make one long run. */
function slotOf(low: number, repository: number): number {
  return (low ^ Math.imul(repository + 1, 0x9e3779b1)) >>> 0;
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
