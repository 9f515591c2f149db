import { Option } from 'commander';

export interface ProxyOption {
  /** Whether the proxies of the environment are used; they are unless it is false. */
  readonly proxy?: boolean;
}

export function noProxyOption(): Option {
  return new Option('--no-proxy', 'connect directly, and ignore HTTPS_PROXY and HTTP_PROXY');
}
