import { digestOf } from '../../oci/digest.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { describeUnfitChain } from './certificate-chain.ts';

/** A chain that was read, and verified but for the time and whether its root is trusted. */
export interface OpenedChain {
  /** From the leaf to the root. */
  readonly certificates: readonly Certificate[];
  /** Why it may not sign images; undefined when it may. */
  readonly unfit: string | undefined;
}

export type OpenChain = (certificates: readonly Uint8Array[]) => OpenedChain;

/**
 * Reads and verifies a chain, from DER.
 * @throws SignpostError REQUEST_INVALID
 */
export function openChain(ders: readonly Uint8Array[]): OpenedChain {
  const certificates = ders.map(parseCertificate);
  return { certificates, unfit: describeUnfitChain(certificates) };
}

/** One signer signs thousands of images with the same chain. */
const memoryLimit = 64;

/**
 * The same function, which does the work once for the chains that it met last: verifying a chain takes ten times as long
 * as verifying what its leaf signed.
 */
export function createChainMemory(): OpenChain {
  const opened = new Map<string, OpenedChain>();
  return (ders) => {
    const key = ders.map(digestOf).join();
    const chain = opened.get(key) ?? openChain(ders);
    // The oldest is the first: what is met again moves to the end.
    opened.delete(key);
    opened.set(key, chain);
    const [oldest] = opened.keys();
    if (opened.size > memoryLimit && oldest !== undefined) opened.delete(oldest);
    return chain;
  };
}
