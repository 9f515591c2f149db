import { SignpostError } from '../oci/errors.ts';
import type { RawSigner } from '../ports/raw-signing.ts';
import type { FormatSigner } from '../trust/signing.ts';
import { toRawSignature } from '../trust/ecdsa-signature.ts';
import { describeInvalidTimes } from '../trust/notation/certificate-chain.ts';
import { formatJws, jwsSigningInput } from '../trust/notation/jws.ts';
import { openChain } from '../trust/notation/opened-chain.ts';
import { formatNotationPayload } from '../trust/notation/notation-payload.ts';
import { formatProtectedHeader } from '../trust/notation/protected-header.ts';
import { parseTrustedRoot } from '../trust/notation/trusted-root.ts';
import { formatTime } from '../text/format-time.ts';

/**
 * Signs as Notary Project clients read it: JWS, with the key's certificates.
 * @throws SignpostError CONFIG_INVALID when there are no certificates, or they do not end in a root
 */
export function createNotationSigner(raw: RawSigner): FormatSigner {
  const certificates = raw.certificates ?? [];
  const last = certificates.at(-1);
  if (last === undefined) {
    throw new SignpostError('CONFIG_INVALID', 'signing for notation takes a certificate chain');
  }
  const { fingerprint } = parseTrustedRoot(last, 'the last certificate of the chain');
  const { certificates: chain, unfit } = openChain(certificates);
  if (unfit !== undefined)
    throw new SignpostError('CONFIG_INVALID', `notation would not accept the chain: ${unfit}`);
  return {
    format: 'notation',
    fingerprint,
    async sign(statement) {
      const { created, expires, creator } = statement;
      const invalid = describeInvalidTimes(chain, [created, expires]);
      if (invalid !== undefined) {
        throw new SignpostError(
          'CONFIG_INVALID',
          `the certificates are not valid for signatures until ${formatTime(expires)}: ${invalid}`,
        );
      }
      const header = formatProtectedHeader({ algorithm: 'ES256', created, expires });
      const payload = formatNotationPayload(statement);
      const signature = toRawSignature(await raw.sign(jwsSigningInput(header, payload)), 32);
      return formatJws({ header, payload, signature, certificates, agent: creator });
    },
    close: () => raw.close(),
  };
}
