import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { Netblock } from '../net/address.ts';
import { findNested } from './netblock-overlap.ts';
import { formatNetblock, parseNetblock, netblockContains } from '../net/netblock.ts';

/**
 * Reads an autonomous system number. Those that can be nobody's are refused; private and documentation ones are not,
 * since an operator may give them to netblocks of their own (`places.overrides`).
 * @throws SignpostError USAGE
 */
export function parseAsn(text: string): number {
  const asn = /^(?:AS)?[1-9][0-9]{0,9}$/i.test(text) ? Number(text.replace(/^AS/i, '')) : 0;
  if (asn < 1 || asn > 4_294_967_295) {
    throw invalid(`${quote(text)} is not an autonomous system number: expected 1 to 4294967295`);
  }
  if (reservedAsns.has(asn)) {
    throw invalid(`${quote(text)} is a reserved autonomous system number: nobody's network has it`);
  }
  return asn;
}

// RFC 6793, section 9 (AS_TRANS); RFC 7300.
const reservedAsns: ReadonlySet<number> = new Set([23_456, 65_535, 4_294_967_295]);

/**
 * Reads a netblock whose clients a mirror wants for itself.
 * @throws SignpostError USAGE
 */
export function parseMirrorNetblock(text: string): Netblock {
  const netblock = parseNetblock(text);
  const shortest = shortestLength(netblock);
  if (netblock.length === 0) {
    throw invalid(
      `${quote(text)} is the whole Internet: clients in a CIDR block of a mirror prefer it to all others`,
    );
  }
  if (netblock.length >= shortest) return netblock;
  throw invalid(
    `${quote(text)} is larger than any network: clients in a CIDR block of a mirror prefer it to all others, so the prefix length must be ${shortest} or more`,
  );
}

/** No network was ever given more than a /8, or in IPv6 a /16; the local addresses of RFC 4193 are everybody's own. */
function shortestLength({ family, address }: Netblock): number {
  if (family === 4) return 8;
  return netblockContains(localAddresses, address) ? localAddresses.length : 16;
}

const localAddresses = parseNetblock('fc00::/7');

/**
 * Refuses netblocks of one mirror that contain each other: one of them would say nothing.
 * @throws SignpostError USAGE
 */
export function refuseNested(netblocks: readonly Netblock[]): readonly Netblock[] {
  const nested = findNested(netblocks);
  if (nested === undefined) return netblocks;
  const [wide, narrow] = nested;
  throw invalid(`"${formatNetblock(narrow)}" is in "${formatNetblock(wide)}" already: name just one of them`);
}

function invalid(message: string): SignpostError {
  return new SignpostError('USAGE', message);
}
