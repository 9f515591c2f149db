/** A file that says which keys are trusted, and where it goes on a client's machine. */
export interface TrustFile {
  /** Below the exported folder. */
  readonly path: string;
  readonly bytes: Uint8Array | string;
  /** Absolute, on the client's machine; undefined for what people read. */
  readonly goesTo?: string;
  /** Who reads it. */
  readonly reader: string;
}

export function formatJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
