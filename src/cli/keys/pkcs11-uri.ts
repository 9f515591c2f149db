import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';

/** A private key in a token, as a PKCS #11 URI names it. */
export interface Pkcs11Key {
  readonly module: string;
  readonly tokenLabel: string;
  /** CKA_ID in hexadecimal. */
  readonly keyId: string;
  /** A file whose first line is the PIN; undefined to ask. */
  readonly pinFile: string | undefined;
}

const expected =
  'expected "pkcs11:token=<label>;id=<bytes, each as %xx>?module-path=<library>", and "&pin-source=<file>" for the PIN';

/**
 * Reads a PKCS #11 URI (RFC 7512) that says all that is needed and nothing that is not understood. A PIN has no place
 * in it: everybody on the machine can read arguments.
 * @throws SignpostError USAGE
 */
export function parsePkcs11Uri(text: string): Pkcs11Key {
  const [, path, query] = /^pkcs11:([^?]*)(?:\?(.*))?$/.exec(text.slice(0, 4096)) ?? [];
  if (path === undefined) throw invalid(text, expected);
  const named = readAttributes(text, path, ';', ['token', 'id', 'type']);
  const asked = readAttributes(text, query ?? '', '&', ['module-path', 'pin-source']);
  const id = named.get('id');
  const tokenLabel = decode(text, named.get('token'));
  const module = decode(text, asked.get('module-path'));
  const type = named.get('type') ?? 'private';
  if (id === undefined || tokenLabel === undefined || module === undefined || type !== 'private') {
    throw invalid(text, expected);
  }
  const source = decode(text, asked.get('pin-source'));
  return {
    module,
    tokenLabel,
    keyId: readId(text, id),
    pinFile: source?.replace(/^file:(?:\/\/(?=\/))?/, ''),
  };
}

function readAttributes(
  text: string,
  part: string,
  separator: string,
  known: readonly string[],
): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const attribute of part === '' ? [] : part.split(separator)) {
    const equals = attribute.indexOf('=');
    const name = equals < 0 ? attribute : attribute.slice(0, equals);
    if (name === 'pin-value') {
      throw new SignpostError('USAGE', 'a PKCS #11 URI must not hold the PIN: name a file with pin-source');
    }
    if (!known.includes(name)) throw invalid(text, `it has an unknown attribute ${quote(name)}; ${expected}`);
    if (attributes.has(name) || equals < 0) throw invalid(text, `${quote(name)} has not one value`);
    attributes.set(name, attribute.slice(equals + 1));
  }
  return attributes;
}

/** RFC 7512, section 2.3: the ID is bytes, and each may be written as %xx or, where it is a letter or digit, as itself. */
function readId(text: string, id: string): string {
  const bytes = id.match(/%[0-9a-fA-F]{2}|[A-Za-z0-9._~-]/g) ?? [];
  if (bytes.length === 0 || bytes.join('') !== id) throw invalid(text, expected);
  return bytes
    .map((byte) => (byte.length === 3 ? byte.slice(1).toLowerCase() : Buffer.from(byte).toString('hex')))
    .join('');
}

function decode(text: string, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new SignpostError('USAGE', `${quote(text)} is not a PKCS #11 URI: it is not encoded in UTF-8`, {
      cause,
    });
  }
}

function invalid(text: string, message: string): SignpostError {
  return new SignpostError('USAGE', `${quote(text)} is not a PKCS #11 URI for a key: ${message}`);
}
