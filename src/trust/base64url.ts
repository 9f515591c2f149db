import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';

/**
 * Bytes from base64url without padding (RFC 7515, section 2), in the one spelling that encoders give them.
 * @throws SignpostError REQUEST_INVALID
 */
export function readBase64Url(value: unknown, where: string): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64url') : Buffer.alloc(0);
  if (bytes.length > 0 && bytes.toString('base64url') === value) return bytes;
  throw new SignpostError('REQUEST_INVALID', `${where} is ${quote(value)}: expected bytes in base64url`);
}
