import { SignpostError } from '../../oci/errors.ts';
import { listOf, objectOf, readBase64, readBase64Url, textUpTo } from '../json-reader.ts';
import { parseStrictJson } from '../strict-json.ts';
import { chainLimit } from './certificate-chain.ts';
import { type ProtectedHeader, parseProtectedHeader } from './protected-header.ts';

/** A Notary Project envelope, read (signature-envelope-jws.md). Nothing of it has been verified. */
export interface NotationEnvelope {
  readonly header: ProtectedHeader;
  readonly payload: Uint8Array;
  /** What the signature is over. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** DER, from the leaf to the root. */
  readonly certificates: readonly Uint8Array[];
}

/** What is signed for a protected header and a payload (RFC 7515, section 5.1). */
export function jwsSigningInput(header: Uint8Array, payload: Uint8Array): Uint8Array {
  return Buffer.from(`${encode(header)}.${encode(payload)}`, 'latin1');
}

/** JWS in its flattened JSON form (RFC 7515, section 7.2.2). `agent` names the program that signs, and is not signed. */
export function formatJws(content: {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly certificates: readonly Uint8Array[];
  readonly agent: string;
}): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      payload: encode(content.payload),
      protected: encode(content.header),
      header: {
        x5c: content.certificates.map((der) => Buffer.from(der).toString('base64')),
        'io.cncf.notary.signingAgent': content.agent,
      },
      signature: encode(content.signature),
    }),
  );
}

const readEnvelope = objectOf({
  payload: readBase64Url,
  protected: readBase64Url,
  /** None of it is signed, and only the certificates are looked at. */
  header: objectOf(
    { x5c: listOf(readBase64, 1, chainLimit) },
    {
      'io.cncf.notary.signingAgent': textUpTo(Infinity, 'a string'),
      'io.cncf.notary.timestampSignature': textUpTo(Infinity, 'a string'),
    },
  ),
  signature: readBase64Url,
});

/**
 * Reads an envelope. The compact and the general form, and several signatures, are refused.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseJws(bytes: Uint8Array): NotationEnvelope {
  const where = 'the envelope';
  const document = parseStrictJson(bytes, where);
  if (typeof document === 'object' && document !== null && Object.hasOwn(document, 'signatures')) {
    throw new SignpostError(
      'REQUEST_INVALID',
      'the envelope is of the general form, with room for several signatures: expected one',
    );
  }
  const fields = readEnvelope(document, where);
  return {
    header: parseProtectedHeader(fields.protected),
    payload: fields.payload,
    signed: jwsSigningInput(fields.protected, fields.payload),
    signature: fields.signature,
    certificates: fields.header.x5c,
  };
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
