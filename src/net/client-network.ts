import { type IpAddress, formatWords, wordsOf } from './address.ts';
import { maskWords } from './netblock.ts';

declare const brand: unique symbol;
/** The network that a client is in, as the first address of it. Only {@link clientNetworkOf} makes one. */
export type ClientNetwork = string & { readonly [brand]: 'ClientNetwork' };

/** What one customer of a network provider commonly has: bits of IPv4 and of IPv6 (RFC 6177, section 2). */
const networkBits = { 4: 24, 6: 48 } as const;

/** What counts as one client where many addresses may be one's own: a /24 of IPv4, a /48 of IPv6. */
export function clientNetworkOf(address: IpAddress): ClientNetwork {
  const words = wordsOf(address);
  return formatWords(maskWords(words, networkBits[words.family])) as string as ClientNetwork;
}

/** What one host certainly has for itself: an address of IPv4, a /64 of IPv6 (RFC 4291, section 2.5.4). */
export function clientHostOf(address: IpAddress): string {
  const { family, a, b } = wordsOf(address);
  return family === 4 ? address : `${a} ${b}`;
}
