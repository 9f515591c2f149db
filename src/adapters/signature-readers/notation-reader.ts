import type { Clock } from '../../ports/clock.ts';
import type { FormatReader } from '../../ports/signing.ts';
import { createChainMemory } from '../../trust/notation/opened-chain.ts';
import { readNotation } from '../../trust/notation/read-notation.ts';
import type { TrustedRoot } from '../../trust/notation/trusted-root.ts';

/** Reads Notary Project signatures whose certificates end in one of `roots`. They expire: `clock` says when. */
export function createNotationReader(roots: readonly TrustedRoot[], clock: Clock): FormatReader {
  const open = createChainMemory();
  return {
    format: 'notation',
    fingerprints: [...new Set(roots.map(({ fingerprint }) => fingerprint))],
    read: (envelope) => Promise.resolve(readNotation(envelope, roots, clock.now(), open)),
  };
}
