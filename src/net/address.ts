import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';

declare const brand: unique symbol;
/** An IP address in canonical text. IPv4-mapped IPv6 has become IPv4. Only {@link parseIpAddress} makes one. */
export type IpAddress = string & { readonly [brand]: 'IpAddress' };

/** A range of addresses in canonical form: the host bits are zero. */
export interface Netblock {
  readonly family: 4 | 6;
  readonly address: IpAddress;
  readonly length: number;
}

/**
 * An address as 32-bit words, most significant first. An IPv4 address is `a` alone. They are signed, because the
 * engine keeps signed 32-bit integers in the object itself: `>>> 0` gives the number.
 */
export interface AddressWords {
  readonly family: 4 | 6;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

// An IPv6 address with an embedded IPv4 one: 6 * 5 + 15.
const longestText = 45;

/**
 * Reads an address in any form of RFC 4291, section 2.2, or in dotted decimal without leading zeros. Zone identifiers
 * are refused: they mean something on one machine only.
 * @throws SignpostError USAGE
 */
export function parseIpAddress(text: string): IpAddress {
  const address = readIpAddress(text);
  if (address !== undefined) return address;
  const zone = text.includes('%') ? ' (without a zone after "%")' : '';
  throw new SignpostError(
    'USAGE',
    `${quote(text)} is not an IP address: expected one such as "192.0.2.1" or "2001:db8::1"${zone}`,
  );
}

/** The address that `text` is, or undefined: for text from strangers, where a bad address is an expected outcome. */
export function readIpAddress(text: string): IpAddress | undefined {
  const words = readWords(text);
  return words === undefined ? undefined : formatWords(words);
}

/** The words of an address, for look-up and hashing. */
export function wordsOf(address: IpAddress): AddressWords {
  const words = readWords(address);
  if (words === undefined) throw new TypeError(`an IpAddress that is none: ${quote(address)}`);
  return words;
}

/** The canonical text of an address (RFC 5952, section 4). */
export function formatWords(words: AddressWords): IpAddress {
  const { family, a, b, c, d } = words;
  if (family === 4) return `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}` as IpAddress;
  const groups = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff];
  const [start, length] = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':') as IpAddress;
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}` as IpAddress;
}

/** RFC 5952, section 4.2.3: the longest run of zero groups is shortened, the first of equal ones. */
function longestZeroRun(groups: readonly number[]): readonly [start: number, length: number] {
  let best = 0;
  let bestLength = 0;
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > bestLength) {
      bestLength = length;
      best = index - length + 1;
    }
  }
  return [best, bestLength];
}

function readWords(text: string): AddressWords | undefined {
  if (text.length > longestText) return undefined;
  if (text.includes(':')) return readIpv6(text);
  const value = readIpv4(text, 0);
  return value < 0 ? undefined : { family: 4, a: value | 0, b: 0, c: 0, d: 0 };
}

/** The number that dotted decimal from `start` on is; -1 when it is none. */
function readIpv4(text: string, start: number): number {
  let value = 0;
  let at = start;
  for (let part = 0; part < 4; part += 1) {
    if (part > 0 && text.charCodeAt(at++) !== 46) return -1;
    const first = at;
    let octet = 0;
    for (; at < text.length && at - first < 3; at += 1) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      octet = octet * 10 + digit;
    }
    // A leading zero means octal to some readers and decimal to others: it is refused.
    if (at === first || octet > 255 || (at - first > 1 && text.charCodeAt(first) === 48)) return -1;
    value = value * 256 + octet;
  }
  return at === text.length ? value : -1;
}

function readIpv6(text: string): AddressWords | undefined {
  const groups: number[] = [];
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    const start = at;
    let value = 0;
    for (; at < text.length && at - start < 4; at += 1) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    if (at === start || groups.length === 8) return undefined;
    if (text.charCodeAt(at) === 46) {
      const embedded = readIpv4(text, start);
      if (embedded < 0) return undefined;
      groups.push(Math.floor(embedded / 65_536), embedded % 65_536);
      break;
    }
    groups.push(value);
    if (at === text.length) break;
    if (text.charCodeAt(at++) !== 58 || at === text.length) return undefined;
    if (text.charCodeAt(at) === 58) {
      if (gap >= 0) return undefined;
      gap = groups.length;
      at += 1;
    }
  }
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return undefined;
  const zeros = 8 - groups.length;
  const group = (at: number) => {
    if (gap < 0 || at < gap) return groups[at] ?? 0;
    return at < gap + zeros ? 0 : (groups[at - zeros] ?? 0);
  };
  const word = (at: number) => (group(at) << 16) | group(at + 1);
  return unmap({ family: 6, a: word(0), b: word(2), c: word(4), d: word(6) });
}

/** RFC 4291, section 2.5.5.2: `::ffff:192.0.2.1` is how IPv6 sockets write the IPv4 address 192.0.2.1. */
function unmap(words: AddressWords): AddressWords {
  if (words.a !== 0 || words.b !== 0 || words.c !== 0xffff) return words;
  return { family: 4, a: words.d, b: 0, c: 0, d: 0 };
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
