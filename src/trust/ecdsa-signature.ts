import { SignpostError } from '../oci/errors.ts';
import { type DerElement, derTags, expectTag, readDer, readDerList } from './der.ts';

/**
 * An ECDSA signature as JWS has it (RFC 7518, section 3.4), r and s of `size` bytes each, from DER (RFC 3279, section
 * 2.2.3).
 * @throws SignpostError REQUEST_INVALID
 */
export function toRawSignature(der: Uint8Array, size: number): Uint8Array {
  const [r, s, ...more] = readDerList(readDer(der, derTags.sequence).body);
  if (more.length > 0) throw new SignpostError('REQUEST_INVALID', 'not DER: something follows s');
  return Buffer.concat([toFixed(r, size), toFixed(s, size)]);
}

function toFixed(element: DerElement | undefined, size: number): Uint8Array {
  const { body } = expectTag(element, derTags.integer);
  const [first = 0x80, second = 0] = body;
  const padded = first === 0 && body.length > 1;
  // Positive, and not longer than it has to be (X.690, section 8.3.2).
  if (first >= 0x80 || (padded && second < 0x80)) {
    throw new SignpostError('REQUEST_INVALID', 'not DER: an integer is negative or too long');
  }
  const number = padded ? body.subarray(1) : body;
  if (number.length > size) throw new SignpostError('REQUEST_INVALID', 'an integer is too large');
  return Buffer.concat([Buffer.alloc(size - number.length), number]);
}
