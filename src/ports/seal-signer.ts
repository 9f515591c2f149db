import type { Seal, SealKey } from '../trust/hand-off/seal.ts';

/** Vouches for files of the hand-off with a private key of its own. It signs no images. */
export interface SealSigner {
  /** What its seals are verified with. */
  readonly key: SealKey;
  /** @throws SignpostError DENIED */
  seal(message: Uint8Array): Promise<Seal>;
}
