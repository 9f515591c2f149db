import {
  type ChooseProxy,
  noProxies,
  parseProxies,
  parseProxyUrl,
} from '../../adapters/http-client/choose-proxy.ts';
import { proxySettings } from './config.ts';
import type { Config } from './config-schema.ts';
import type { ProxyOption } from '../terminal/proxy-option.ts';

/**
 * The proxies that the environment names, unless the command line refuses them.
 * @throws SignpostError CONFIG_INVALID
 */
export function composeProxies({ proxy }: ProxyOption): ChooseProxy {
  return proxy === false ? noProxies : parseProxies(proxySettings());
}

/**
 * The proxy for addresses that strangers have registered: that of the configuration, and never the environment's, which
 * is meant for what the operator connects to. Undefined: none.
 * @throws SignpostError CONFIG_INVALID
 */
export function proxyForStrangers({ proxy }: Config['mirrors']): ChooseProxy | undefined {
  if (proxy === undefined) return undefined;
  const url = parseProxyUrl(proxy, 'mirrors.proxy');
  return () => url;
}
