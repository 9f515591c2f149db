import { type IpAddress, readIpAddress } from '../../net/address.ts';
import { classifyAddress } from '../../net/address-class.ts';

/** Where something listens. */
interface Listening {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** What is wrong with an address to listen on; undefined when nothing is. */
export function describeWrongListenAddress(text: string): string | undefined {
  if (readIpAddress(text) !== undefined || isHostName(text)) return undefined;
  return 'expected an address of this machine such as "127.0.0.1", "0.0.0.0" or "::", without a port and without brackets';
}

export function isLoopback(text: string): boolean {
  const address = readIpAddress(text);
  return text === 'localhost' || (address !== undefined && classifyAddress(address) === 'loopback');
}

/** Whether only one of two can be had: the same port on the same address, or on all addresses. */
export function collide(one: Listening, other: Listening): boolean {
  if (one.port === 0 || one.port !== other.port) return false;
  const [a, b] = [canonical(one.address), canonical(other.address)];
  // "::" takes the IPv4 addresses too.
  return a === b || a === '::' || b === '::' || isAllOf(a, b) || isAllOf(b, a);
}

function canonical(text: string): IpAddress | string {
  return readIpAddress(text) ?? text.toLowerCase();
}

function isAllOf(all: string, other: string): boolean {
  return all === '0.0.0.0' && !other.includes(':');
}

function isHostName(text: string): boolean {
  return /^(?=.*[a-z])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(
    text,
  );
}
