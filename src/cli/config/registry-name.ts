import { readIpAddress } from '../../net/address.ts';
import { isRegistryHost } from '../../oci/reference.ts';

const expected = 'expected the host name that clients pull from, and a port if it is not 443';

/**
 * Why clients cannot pull from a registry of this name as it is written, and what to write instead; undefined when they
 * can. The name goes into every signature, and clients compare it letter by letter.
 */
export function describeWrongRegistryName(text: string): string | undefined {
  if (isPullable(text)) return undefined;
  const proposal = text
    .trim()
    .toLowerCase()
    .replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
    .replace(/^[^/@]*@/, '')
    .replace(/[/?#].*$/s, '')
    .replace(/\.+(?=:|$)/, '');
  if (proposal !== text && isPullable(proposal)) return `${expected}: write "${proposal}"`;
  if (/^[a-z0-9-]+$/.test(text)) {
    return `${expected}: docker and podman take a name without a dot and a port for a repository elsewhere: write "${text}.example.org" or "${text}:5000"`;
  }
  if (/[^\0-\x7f]/.test(text)) return `${expected}, in ASCII: write the form that begins with "xn--"`;
  return `${expected}, such as "images.example.org" or "images.example.org:5000"`;
}

function isPullable(text: string): boolean {
  if (text !== text.toLowerCase() || !isRegistryHost(text)) return false;
  const [, host = '', port] = /^(.*?)(?::([0-9]+))?$/.exec(text) ?? [];
  if (port !== undefined && !isPort(port)) return false;
  if (host.startsWith('[')) return readIpAddress(host.slice(1, -1)) !== undefined;
  // No name ends in a number: what looks like an IPv4 address is one, or a mistake (RFC 1123, section 2.1).
  if (/(?:^|\.)[0-9]+$/.test(host)) return readIpAddress(host) !== undefined;
  return host.includes('.') || port !== undefined || host === 'localhost';
}

function isPort(text: string): boolean {
  return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65_535;
}
