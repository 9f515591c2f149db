import { createHash } from 'node:crypto';
import type { RawSigner } from '../ports/raw-signing.ts';
import type { FormatSigner } from '../trust/signing.ts';
import { formatCosignEnvelope } from '../trust/cosign/cosign-envelope.ts';
import { formatCosignPayload } from '../trust/cosign/cosign-payload.ts';

/** Signs as cosign does in its attached form: the payload itself. */
export function createCosignSigner(key: RawSigner): FormatSigner {
  return {
    format: 'cosign',
    fingerprint: createHash('sha256').update(key.publicKey).digest('hex').toUpperCase(),
    async sign(statement) {
      const payload = formatCosignPayload(statement);
      return formatCosignEnvelope({ payload, signature: await key.sign(payload) });
    },
    close: () => key.close(),
  };
}
