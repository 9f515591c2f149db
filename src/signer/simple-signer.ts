import type { FormatSigner, Signer } from '../trust/signing.ts';
import { formatSimpleSigning } from '../trust/simple-signing.ts';

/** Signs as containers/image does: an OpenPGP signed message around the payload, with the statement's life. */
export function createSimpleSigner(signer: Signer): FormatSigner {
  return {
    format: 'simple',
    fingerprint: signer.fingerprint,
    sign({ reference, digest, serial, created, expires, creator }) {
      const timestamp = Math.floor(created / 1000);
      const payload = formatSimpleSigning({ reference, digest, creator, timestamp, serial });
      return signer.sign(payload, created, expires);
    },
    close: () => signer.close(),
  };
}
