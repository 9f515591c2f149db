/** Somewhere that has a copy of the tree: the origin or a mirror. What it says and sends is hostile until it is hashed. */
export interface ContentSource {
  /** Its URL. */
  readonly name: string;
  /**
   * Asks for a file of the tree, from `offset` on. It never throws for what the source does before the first byte;
   * the pieces throw SignpostError UNAVAILABLE when they end early, stand still or come too slowly, and a piece holds
   * until the next one is asked for.
   */
  open(path: string, offset: number, signal: AbortSignal): Promise<SourceAnswer>;
}

export type SourceAnswer =
  /** `offset` is where the pieces begin: 0 when the source cannot begin elsewhere. */
  | { readonly kind: 'found'; readonly offset: number; readonly pieces: AsyncIterable<Uint8Array> }
  /** It has no such file. */
  | { readonly kind: 'missing'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string };
