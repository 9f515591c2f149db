/** Somewhere that has a copy of the tree: the origin or a mirror. What it says and sends is hostile until it is hashed. */
export interface ContentSource {
  /** Its URL. */
  readonly name: string;
  /** Asks for a file of the tree, from `offset` on. It never throws for what the source does before the first byte. */
  open(path: string, offset: number, signal: AbortSignal): Promise<SourceAnswer>;
  /** Asks it to send requests on to that host no more. */
  avoid(host: string): void;
}

/** `via` is the host that it has sent the request on to, where that is another one; where that sends it on, the first. */
export type SourceAnswer = { readonly via?: string | undefined } &
  /** `offset` is where the body begins: 0 when the source cannot begin elsewhere. */
  (
    | { readonly kind: 'found'; readonly offset: number; readonly read: ReadBody }
    /** It has no such file. */
    | { readonly kind: 'missing'; readonly detail: string }
    | { readonly kind: 'failed'; readonly detail: string }
  );

/**
 * Gives the body to `take`, piece by piece and no more than `limit` bytes, and says whether that was all. Pieces may be
 * kept. No other comes until what `take` returned is resolved.
 * @throws SignpostError UNAVAILABLE when it ends early, stands still or comes too slowly; CANCELLED; what `take` throws
 */
export type ReadBody = (limit: number, take: TakePiece) => Promise<'ended' | 'longer'>;

type TakePiece = (piece: Uint8Array) => Promise<void> | undefined;
