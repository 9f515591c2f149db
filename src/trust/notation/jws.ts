import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { readBase64Url } from '../base64url.ts';
import { isArray, parseStrictJson, readBase64, readField, readFields } from '../strict-json.ts';
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

/**
 * Reads an envelope. The compact and the general form, and several signatures, are refused.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseJws(bytes: Uint8Array): NotationEnvelope {
  const where = 'the envelope';
  const document = parseStrictJson(bytes, where);
  if (typeof document === 'object' && document !== null && Object.hasOwn(document, 'signatures')) {
    throw invalid('the envelope is of the general form, with room for several signatures: expected one');
  }
  const keys = ['payload', 'protected', 'header', 'signature'] as const;
  const fields = readFields(document, keys, where);
  const header = readBase64Url(fields.protected, 'protected');
  const payload = readBase64Url(fields.payload, 'payload');
  return {
    header: parseProtectedHeader(header),
    payload,
    signed: jwsSigningInput(header, payload),
    signature: readBase64Url(fields.signature, 'signature'),
    certificates: readCertificates(fields.header),
  };
}

/** `x5c`, and what is allowed beside it: neither is signed, and only the certificates are looked at. */
function readCertificates(value: unknown): readonly Uint8Array[] {
  const optional = ['io.cncf.notary.signingAgent', 'io.cncf.notary.timestampSignature'] as const;
  const present = optional.filter((key) => Object.hasOwn(Object(value), key));
  const fields: Readonly<Partial<Record<string, unknown>>> = readFields(value, ['x5c', ...present], 'header');
  for (const key of present) readField(fields[key], isText, 'a string', `header ${quote(key)}`);
  const chain = readField(fields.x5c, isArray, 'a list of certificates', 'header "x5c"');
  if (chain.length === 0 || chain.length > chainLimit) {
    throw invalid(`header "x5c" has ${chain.length} certificates: expected 1 to ${chainLimit}`);
  }
  return chain.map((item, index) => readBase64(item, `header "x5c"[${index}]`));
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
