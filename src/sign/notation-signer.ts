import { SignpostError } from '../oci/errors.ts';
import type { RawSigner } from '../ports/raw-signing.ts';
import type { FormatSigner } from '../ports/signing.ts';
import { toRawSignature } from '../trust/ecdsa-signature.ts';
import { parseCertificate } from '../trust/notation/certificate.ts';
import { describeUnusableChain } from '../trust/notation/certificate-chain.ts';
import { formatJws, jwsSigningInput } from '../trust/notation/jws.ts';
import { formatNotationPayload } from '../trust/notation/notation-payload.ts';
import { formatProtectedHeader } from '../trust/notation/protected-header.ts';
import { parseTrustedRoot } from '../trust/notation/trusted-root.ts';
import type { Statement } from '../trust/statement.ts';

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
  const chain = certificates.map(parseCertificate);
  let checked: Pick<Statement, 'created' | 'expires'> | undefined;
  return {
    format: 'notation',
    fingerprint,
    async sign(statement) {
      const { created, expires, creator } = statement;
      // One event signs everything for the same life: verifying the chain once is enough.
      if (checked?.created !== created || checked.expires !== expires) {
        const unusable = describeUnusableChain(chain, [created, expires]);
        if (unusable !== undefined) {
          throw new SignpostError(
            'CONFIG_INVALID',
            `the certificates do not do for signatures until ${new Date(expires).toISOString()}: ${unusable}`,
          );
        }
        checked = { created, expires };
      }
      const header = formatProtectedHeader({ algorithm: 'ES256', created, expires });
      const payload = formatNotationPayload(statement);
      const signature = toRawSignature(await raw.sign(jwsSigningInput(header, payload)), 32);
      return formatJws({ header, payload, signature, certificates, agent: creator });
    },
    close: () => raw.close(),
  };
}
