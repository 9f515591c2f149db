import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { type IpAddress, type Netblock, parseIpAddress, readIpAddress } from '../net/address.ts';
import { classifyAddress, mayConnect } from '../net/address-class.ts';

const longest = 1024;

/** Special addresses, such as private ones, that the operator allows. Each list is named as the setting is. */
export interface AllowedAddresses {
  /** `mirrors.allowAddresses` */
  readonly mirrors: readonly Netblock[];
  /** `webhooks.allowAddresses` */
  readonly webhooks: readonly Netblock[];
}

/**
 * Reads where a mirror's copy of the tree is. What its name resolves to is judged when it is connected to.
 * @throws SignpostError USAGE
 */
export function parseMirrorUrl(text: string, { mirrors }: Pick<AllowedAddresses, 'mirrors'>): string {
  const wrong = (problem: string) => invalid(`${quote(text)} cannot be a mirror's URL: ${problem}`);
  const url = readUrl(text, 'https://mirror.example.org/images', { mirrors }, wrong);
  if (/[?#]/.test(text)) throw wrong('paths are put behind it, so it can have no "?" and no "#"');
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/**
 * Reads where a mirror's contact is told of changes: like a mirror's URL, but it may have a query.
 * @throws SignpostError USAGE
 */
export function parseWebhookUrl(text: string, { webhooks }: Pick<AllowedAddresses, 'webhooks'>): string {
  const wrong = (problem: string) => invalid(`${quote(text)} cannot be a webhook: ${problem}`);
  const url = readUrl(text, 'https://mirror.example.org/hooks/signpost', { webhooks }, wrong);
  if (text.includes('#')) throw wrong('what stands behind "#" is never sent');
  return url.href;
}

/**
 * Reads whom to ask about a mirror: an e-mail address or a web page.
 * @throws SignpostError USAGE
 */
export function parseContact(text: string): string {
  const wrong = (problem: string) => invalid(`${quote(text)} cannot be a contact: ${problem}`);
  if (text.length <= 254 && /^[^\s@<>"\\:\p{Cc}]{1,64}@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/iu.test(text))
    return text;
  const expected = 'expected an e-mail address such as "mirrors@uni.example", or a URL of a page';
  // Nothing connects to it, so its address does not matter.
  if (!/^https?:/i.test(text)) throw wrong(expected);
  return readUrl(text, 'https://uni.example/mirrors', {}, wrong).href;
}

function readUrl(
  text: string,
  example: string,
  allowed: Partial<AllowedAddresses>,
  wrong: (problem: string) => SignpostError,
): URL {
  if (text.length > longest) throw wrong(`it is longer than ${longest} characters`);
  // URL.parse would silently drop or turn these.
  const url = /^https?:\/\/[^\s\\\p{Cc}]+$/iu.test(text) ? URL.parse(text) : null;
  if (url === null || url.port === '0') throw wrong(`expected one such as "${example}"`);
  if (url.username !== '' || url.password !== '')
    throw wrong('it would give its user and password to others');
  const address = addressOf(url.hostname);
  for (const [section, netblocks] of Object.entries(allowed)) {
    if (address === undefined || mayConnect(address, netblocks)) continue;
    throw wrong(
      `${address} is a ${classifyAddress(address)} address; if that is meant, add it to ${section}.allowAddresses in the configuration`,
    );
  }
  return url;
}

/** The address that a host is, when that is known without asking anybody (RFC 6761, section 6.3, for localhost). */
function addressOf(host: string): IpAddress | undefined {
  if (/^(?:.*\.)?localhost\.?$/.test(host)) return parseIpAddress('127.0.0.1');
  return readIpAddress(host.replace(/^\[|\]$/g, ''));
}

function invalid(message: string): SignpostError {
  return new SignpostError('USAGE', message);
}
