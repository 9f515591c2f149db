import { createHash } from 'node:crypto';
import type { RawSigner } from '../ports/raw-signing.ts';
import type { FormatSigner } from '../trust/signing.ts';
import { encodePreAuthentication } from '../trust/sigstore/dsse.ts';
import { formatImageStatement } from '../trust/sigstore/image-statement.ts';
import { formatSigstoreBundle, payloadType } from '../trust/sigstore/sigstore-bundle.ts';

/** Signs as cosign 3 does: a sigstore bundle around an in-toto statement. */
export function createSigstoreSigner(key: RawSigner): FormatSigner {
  const hash = createHash('sha256').update(key.publicKey).digest();
  return {
    format: 'sigstore',
    fingerprint: hash.toString('hex').toUpperCase(),
    async sign(statement) {
      const payload = formatImageStatement(statement);
      const signature = await key.sign(encodePreAuthentication(payloadType, payload));
      return formatSigstoreBundle({ payload, signature, hint: hash.toString('base64') });
    },
    close: () => key.close(),
  };
}
