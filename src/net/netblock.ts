import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import {
  type AddressWords,
  type IpAddress,
  type Netblock,
  formatWords,
  readIpAddress,
  wordsOf,
} from './address.ts';

/**
 * Reads a netblock such as `192.0.2.0/24`. The bits after the length must be zero: `192.0.2.1/24` is more often a
 * mistake than a wish. A netblock of IPv4-mapped addresses becomes the IPv4 one.
 * @throws SignpostError USAGE, proposing the right netblock where there is one
 */
export function parseNetblock(text: string): Netblock {
  const slash = text.indexOf('/');
  const written = slash < 0 ? text : text.slice(0, slash);
  const address = readIpAddress(written);
  if (address === undefined)
    throw notNetblock(text, 'expected one such as "192.0.2.0/24" or "2001:db8::/32"');
  const family = familyOf(address);
  const bits = family === 4 ? 32 : 128;
  if (slash < 0) throw notNetblock(text, `for that one address, write "${address}/${bits}"`);
  const lengthText = text.slice(slash + 1);
  // `::ffff:192.0.2.0/120` counts the 96 bits before the IPv4 address.
  const skipped = family === 4 && written.includes(':') ? 96 : 0;
  const length = /^(?:0|[1-9][0-9]{0,2})$/.test(lengthText) ? Number(lengthText) - skipped : -1;
  if (length < 0 || length > bits) {
    throw notNetblock(text, `expected a length from ${skipped} to ${bits + skipped} after "/"`);
  }
  const words = wordsOf(address);
  const base = formatWords(maskWords(words, length));
  if (base !== address)
    throw notNetblock(text, `it has bits after its length; did you mean "${base}/${length}"?`);
  return { family, address, length };
}

/** `192.0.2.0/24`. */
export function formatNetblock(netblock: Netblock): string {
  return `${netblock.address}/${netblock.length}`;
}

/** Whether the netblock contains the address. For many netblocks, use a netblock table. */
export function netblockContains(netblock: Netblock, address: IpAddress): boolean {
  const words = wordsOf(address);
  return (
    words.family === netblock.family && formatWords(maskWords(words, netblock.length)) === netblock.address
  );
}

/** 4 or 6. */
export function familyOf(address: IpAddress): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** The first `length` bits; the others become zero. */
export function maskWords(words: AddressWords, length: number): AddressWords {
  const { family, a, b, c, d } = words;
  return {
    family,
    a: a & maskWord(length),
    b: b & maskWord(length - 32),
    c: c & maskWord(length - 64),
    d: d & maskWord(length - 96),
  };
}

function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function notNetblock(text: string, advice: string): SignpostError {
  return new SignpostError('USAGE', `${quote(text)} is not a CIDR block: ${advice}`);
}
