/** A reader of bytes that strangers may have written, as the fuzzer drives it. */
export interface FuzzReader {
  readonly name: string;
  /** Good inputs, to begin with. */
  readonly seeds: readonly (Uint8Array | string)[];
  /** Reads one input. It may throw SignpostError; anything else that it throws is a fault. */
  readonly read: (bytes: Buffer) => unknown;
}

/** Reads text: what is no UTF-8 comes as its replacement characters. */
export function textReader(
  name: string,
  seeds: readonly string[],
  read: (text: string) => unknown,
): FuzzReader {
  return { name, seeds, read: (bytes) => read(bytes.toString('utf8')) };
}
