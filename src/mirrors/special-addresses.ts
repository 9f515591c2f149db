import { type IpAddress, type Netblock, wordsOf } from './address.ts';
import { netblockContains, parseNetblock } from './netblock.ts';
import { createNetblockTable } from './netblock-table.ts';

/**
 * What kind of address this is, when it is not an ordinary one of the public Internet: "loopback", "private",
 * "link-local"; undefined when it is. Mirrors are registered by strangers, so that connecting to these would let them
 * reach what only this machine and its network should.
 */
export function specialAddressKind(address: IpAddress): string | undefined {
  return special.find(wordsOf(address))?.value;
}

/** Whether connections to the address are in order: it is an ordinary one, or the operator allows it. */
export function mayConnectTo(address: IpAddress, allowed: readonly Netblock[]): boolean {
  return (
    specialAddressKind(address) === undefined ||
    allowed.some((netblock) => netblockContains(netblock, address))
  );
}

// The IANA special-purpose address registries, multicast (RFC 5771, RFC 4291), and the forms of IPv6 address that
// lead to an IPv4 address written inside them, which could be any of these. Cloud metadata services are link-local.
const kinds: Readonly<Record<string, readonly string[]>> = {
  unspecified: ['0.0.0.0/8', '::/128'],
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fec0::/10'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  multicast: ['224.0.0.0/4', 'ff00::/8'],
  documentation: ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'],
  reserved: ['192.0.0.0/24', '198.18.0.0/15', '240.0.0.0/4', '100::/64', '2001::/23', '5f00::/16'],
  translated: ['192.88.99.0/24', '::/96', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16'],
};

const special = createNetblockTable(
  Object.entries(kinds).flatMap(([kind, netblocks]) =>
    netblocks.map((netblock) => ({ netblock: parseNetblock(netblock), value: kind })),
  ),
);
