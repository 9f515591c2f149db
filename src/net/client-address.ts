import { type IpAddress, parseIpAddress, readIpAddress, wordsOf } from './address.ts';
import type { Netblock } from './address.ts';
import { createNetblockTable } from './netblock-table.ts';

/** Where a request came from, as far as it can be believed. */
export interface Origin {
  readonly address: IpAddress;
  /** Whether the client itself spoke https. */
  readonly secure: boolean;
}

/** The other end of a connection, the same for all of its requests. */
export interface Peer {
  readonly address: IpAddress;
  /** A trusted proxy, which speaks for others. */
  readonly isProxy: boolean;
}

/** Whether the connection is encrypted, and what the request says of who is behind it. */
export interface Claims {
  readonly encrypted: boolean;
  /** X-Forwarded-For and X-Forwarded-Proto. */
  readonly forwardedFor: string | undefined;
  readonly forwardedProto: string | undefined;
}

/** More proxies in a row than this are nobody's set-up. */
const hopLimit = 16;
/** For a connection that has gone already: nobody gets the answer. */
const nowhere = parseIpAddress('0.0.0.0');

/**
 * Finds the client's address: that of the socket, or, when the peer is one of the trusted proxies, the right-most
 * address of X-Forwarded-For that is not a trusted proxy. Each proxy appends whom it saw, so what stands left of the
 * first untrusted address was written by that client itself and says nothing. A client cannot choose its address.
 */
export function createOriginFinder(trusted: readonly Netblock[]) {
  const table = createNetblockTable(trusted.map((netblock) => ({ netblock, value: true })));
  const isTrusted = (address: IpAddress) => trusted.length > 0 && table.find(wordsOf(address)) !== undefined;
  return {
    /** @param text the address at the other end of the socket */
    peerOf(text: string | undefined): Peer {
      const address = readPeer(text);
      return { address, isProxy: isTrusted(address) };
    },
    find(peer: Peer, claims: Claims): Origin {
      if (!peer.isProxy) return { address: peer.address, secure: claims.encrypted };
      const proto = lastOf(claims.forwardedProto)?.toLowerCase();
      return {
        address: walk(peer.address, claims.forwardedFor ?? '', isTrusted),
        secure: proto === undefined ? claims.encrypted : proto === 'https',
      };
    },
  };
}

/** From the right to the left, as long as trusted proxies vouch for what stands there. */
function walk(peer: IpAddress, header: string, isTrusted: (address: IpAddress) => boolean): IpAddress {
  let known = peer;
  let end = header.length;
  for (let hop = 0; hop < hopLimit && end > 0; hop += 1) {
    const comma = header.lastIndexOf(',', end - 1);
    const address = readEntry(header.slice(comma + 1, end));
    // What is no address ends the chain: the one who wrote it is the last that is known.
    if (address === undefined) return known;
    known = address;
    if (!isTrusted(address)) return known;
    end = comma;
  }
  return known;
}

/** `192.0.2.1`, `192.0.2.1:1234`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:1234`. */
function readEntry(text: string): IpAddress | undefined {
  if (text.length > 80) return undefined;
  const entry = text.trim();
  if (entry.startsWith('[')) return readIpAddress(entry.slice(1, Math.max(1, entry.indexOf(']'))));
  const colon = entry.indexOf(':');
  const hasPort = colon > 0 && colon === entry.lastIndexOf(':');
  return readIpAddress(hasPort ? entry.slice(0, colon) : entry);
}

function readPeer(peer: string | undefined): IpAddress {
  if (peer === undefined) return nowhere;
  // A link-local peer has its zone behind the address.
  const zone = peer.indexOf('%');
  return readIpAddress(zone < 0 ? peer : peer.slice(0, zone)) ?? nowhere;
}

function lastOf(header: string | undefined): string | undefined {
  return header?.slice(header.lastIndexOf(',') + 1).trim();
}
