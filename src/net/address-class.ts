import { type IpAddress, type Netblock, formatWords, wordsOf } from './address.ts';
import { netblockContains, parseNetblock } from './netblock.ts';

/** What kind of address it is, as far as connecting to it goes. */
export type AddressClass =
  'public' | 'loopback' | 'private' | 'link-local' | 'metadata' | 'multicast' | 'reserved';

/**
 * Says whether strangers may make this machine connect to an address: only to `public` ones. Registered mirrors could
 * otherwise point the crawler at the operator's own network. IPv4-mapped addresses are IPv4 by the time they are
 * an {@link IpAddress}; other addresses that carry an IPv4 address inside (NAT64, 6to4, Teredo) are refused, since they
 * could carry any: an operator behind NAT64 allows 64:ff9b::/96, and the address inside is judged all the same.
 */
export function classifyAddress(address: IpAddress): AddressClass {
  const rule = rules.find(({ netblock }) => netblockContains(netblock, address));
  if (rule === undefined) return address.includes(':') ? 'reserved' : 'public';
  return rule.class;
}

/**
 * Whether a connection may be made: the address is public, or the operator allows it. A gateway leads on to the IPv4
 * address inside an address of NAT64 or 6to4, so that one must be allowed as well.
 */
export function mayConnect(address: IpAddress, allowed: readonly Netblock[]): boolean {
  const named = allowed.some((netblock) => netblockContains(netblock, address));
  if (!named && classifyAddress(address) !== 'public') return false;
  const inside = carriedAddress(address);
  return inside === undefined || mayConnect(inside, allowed);
}

/** The IPv4 address that NAT64 (RFC 6052, section 2.1) or 6to4 (RFC 3056, section 2) leads to. */
function carriedAddress(address: IpAddress): IpAddress | undefined {
  if (!address.includes(':')) return undefined;
  const { a, b, d } = wordsOf(address);
  if (netblockContains(nat64, address)) return formatWords({ family: 4, a: d, b: 0, c: 0, d: 0 });
  if (!netblockContains(sixToFour, address)) return undefined;
  return formatWords({ family: 4, a: (a << 16) | (b >>> 16), b: 0, c: 0, d: 0 });
}

const nat64 = parseNetblock('64:ff9b::/96');
const sixToFour = parseNetblock('2002::/16');

// The IANA special-purpose address registries (RFC 6890 and its updates), the clouds' metadata services, and for IPv6
// the one block that is given out as global unicast addresses (RFC 4291, section 2.4). The first match counts.
const rules: readonly { readonly netblock: Netblock; readonly class: AddressClass }[] = (
  [
    ['169.254.169.254/32', 'metadata'],
    ['169.254.170.2/32', 'metadata'],
    ['100.100.100.200/32', 'metadata'],
    ['168.63.129.16/32', 'metadata'],
    ['192.0.0.192/32', 'metadata'],
    ['fd00:ec2::254/128', 'metadata'],
    ['fd20:ce::254/128', 'metadata'],
    ['127.0.0.0/8', 'loopback'],
    ['::1/128', 'loopback'],
    ['10.0.0.0/8', 'private'],
    ['172.16.0.0/12', 'private'],
    ['192.168.0.0/16', 'private'],
    ['100.64.0.0/10', 'private'],
    ['fc00::/7', 'private'],
    ['fec0::/10', 'private'],
    ['169.254.0.0/16', 'link-local'],
    ['fe80::/10', 'link-local'],
    ['224.0.0.0/4', 'multicast'],
    ['ff00::/8', 'multicast'],
    ['0.0.0.0/8', 'reserved'],
    ['192.0.0.0/24', 'reserved'],
    ['192.0.2.0/24', 'reserved'],
    ['192.88.99.0/24', 'reserved'],
    ['198.18.0.0/15', 'reserved'],
    ['198.51.100.0/24', 'reserved'],
    ['203.0.113.0/24', 'reserved'],
    ['240.0.0.0/4', 'reserved'],
    ['2001::/23', 'reserved'],
    ['2001:db8::/32', 'reserved'],
    ['2002::/16', 'reserved'],
    ['3fff::/20', 'reserved'],
    ['2000::/3', 'public'],
  ] as const
).map(([text, kind]) => ({ netblock: parseNetblock(text), class: kind }));
