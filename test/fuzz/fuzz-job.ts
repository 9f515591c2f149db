/** What the worker is given. */
export interface FuzzJob {
  readonly names: readonly string[];
  /** For each reader, besides its seeds. */
  readonly seconds: number;
  /** For each reader at most. */
  readonly inputs: number;
  readonly seed: number;
  /** The input that is being read: its length as an Int32, then its bytes. */
  readonly current: SharedArrayBuffer;
}

export interface Fault {
  readonly reader: string;
  readonly problem: string;
  readonly input: Uint8Array;
}

export type FuzzMessage =
  | { readonly kind: 'started'; readonly reader: string }
  | { readonly kind: 'alive' }
  | ({ readonly kind: 'fault' } & Fault)
  | { readonly kind: 'ended'; readonly reader: string; readonly inputs: number };
