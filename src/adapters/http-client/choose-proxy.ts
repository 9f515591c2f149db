import { type Netblock, formatWords, readIpAddress, wordsOf } from '../../net/address.ts';
import { classifyAddress } from '../../net/address-class.ts';
import { familyOf, maskWords, netblockContains, parseNetblock } from '../../net/netblock.ts';
import { SignpostError } from '../../oci/errors.ts';
import { hostOf } from './http-url.ts';

/** Where connections go by way of a proxy, as HTTP_PROXY, HTTPS_PROXY and NO_PROXY say it. */
export interface ProxySettings {
  /** For http URLs. */
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  /** What is connected to without one, separated by commas. */
  readonly except?: string | undefined;
}

/** The proxy for a URL; undefined where it is connected to directly. It never waits and never throws. */
export type ChooseProxy = (url: URL) => URL | undefined;

/** Connects to everything directly. */
export const noProxies: ChooseProxy = () => undefined;

interface Exception {
  readonly matches: (host: string) => boolean;
  readonly port: string | undefined;
}

/**
 * Reads proxy settings with the rules of Go's `net/http`, and so of the container tools: an exception is a name with all
 * below it, a name with a dot before it for all below it alone, an address, a CIDR block, or "*"; names and addresses may
 * have a port. Loopback is never reached by way of a proxy.
 * @throws SignpostError CONFIG_INVALID for a proxy that cannot be used; its password is not quoted
 */
export function parseProxies(settings: ProxySettings): ChooseProxy {
  const http = settings.http === undefined ? undefined : parseProxyUrl(settings.http, 'HTTP_PROXY');
  const https = settings.https === undefined ? undefined : parseProxyUrl(settings.https, 'HTTPS_PROXY');
  const exceptions = (settings.except ?? '').split(',').flatMap((text) => parseException(text.trim()) ?? []);
  return (url) => {
    const host = hostOf(url).replace(/\.$/, '');
    if (isLoopback(host)) return undefined;
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    const isExcepted = exceptions.some(
      (one) => (one.port === undefined || one.port === port) && one.matches(host),
    );
    if (isExcepted) return undefined;
    return url.protocol === 'https:' ? https : http;
  };
}

/**
 * A proxy's URL; one without a scheme is an HTTP proxy.
 * @throws SignpostError CONFIG_INVALID. `from` says where it was named
 */
export function parseProxyUrl(text: string, from: string): URL {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  // A proxy is named by its origin: what else a URL may have would be left out without a word.
  const isOrigin = url !== null && url.pathname.length <= 1 && url.search === '' && url.hash === '';
  if (isOrigin && /^https?:$/.test(url.protocol) && canDecode(url)) return url;
  throw new SignpostError(
    'CONFIG_INVALID',
    `${from} names a proxy that cannot be used: expected a URL such as "http://proxy.example.org:3128", of http or https`,
  );
}

/** What may be shown of a proxy: everything but its credentials. */
export function describeProxy(proxy: URL): string {
  return `${proxy.protocol}//${proxy.host}`;
}

function canDecode({ username, password }: URL): boolean {
  try {
    return decodeURIComponent(username + password) !== undefined;
  } catch {
    return false;
  }
}

function isLoopback(host: string): boolean {
  const address = readIpAddress(host);
  return address === undefined ? host === 'localhost' : classifyAddress(address) === 'loopback';
}

function parseException(text: string): Exception | undefined {
  if (text === '') return undefined;
  if (text === '*') return { matches: () => true, port: undefined };
  const block = readBlock(text);
  if (block !== undefined) return { matches: (host) => contains(block, host), port: undefined };
  const { host, port } = splitPort(text);
  const address = readIpAddress(host);
  if (address !== undefined) return { matches: (other) => readIpAddress(other) === address, port };
  const name = host.toLowerCase().replace(/^\*(?=\.)/, '');
  const below = name.startsWith('.') ? name : `.${name}`;
  return { matches: (other) => other === name || other.endsWith(below), port };
}

/** `10.1.2.3/8` is written by people who mean all of 10.0.0.0/8: the bits after the length are passed over, as in Go. */
function readBlock(text: string): Netblock | undefined {
  const [, written = '', length = ''] = /^([0-9a-fA-F:.]{2,45})\/(\d{1,3})$/.exec(text) ?? [];
  const address = readIpAddress(written);
  if (address === undefined || Number(length) > (familyOf(address) === 4 ? 32 : 128)) return undefined;
  const base = maskWords(wordsOf(address), Number(length));
  return parseNetblock(`${formatWords(base)}/${Number(length)}`);
}

function contains(block: Netblock, host: string): boolean {
  const address = readIpAddress(host);
  return address !== undefined && netblockContains(block, address);
}

function splitPort(text: string): { readonly host: string; readonly port: string | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  // An IPv6 address without brackets has no port.
  return host === undefined ? { host: text, port: undefined } : { host, port };
}
