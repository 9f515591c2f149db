import type { Seal } from '../trust/seal.ts';

/** Vouches for files of the hand-off with a private key of its own. It signs no images. */
export interface SealSigner {
  /** @throws SignpostError DENIED */
  seal(message: Uint8Array): Promise<Seal>;
}
