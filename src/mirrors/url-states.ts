import type { UrlState } from './mirror-state.ts';

/** Of which address families the host of a URL has addresses that may be connected to, or why of none. */
export type UrlAddresses =
  | { readonly url: string; readonly families: readonly (4 | 6)[] }
  | { readonly url: string; readonly reason: string };

/** How one of the ways to a mirror, a URL over an address family, did. */
export interface TriedWay {
  readonly url: string;
  readonly family: 4 | 6;
  /** Why it failed; undefined when it did not. */
  readonly reason?: string;
}

/**
 * How the URLs of a mirror answer after some of the ways to it were tried. What was not tried stays as it was; the
 * order is that of `addresses`.
 */
export function afterTries(
  before: readonly UrlState[],
  addresses: readonly UrlAddresses[],
  tried: readonly TriedWay[],
): readonly UrlState[] {
  return addresses.map((found): UrlState => {
    const { url } = found;
    if ('reason' in found) return { url, reachable: false, reason: found.reason };
    const known = before.find((state) => state.url === url);
    const over = (family: 4 | 6): boolean | undefined => {
      if (!found.families.includes(family)) return false;
      const last = tried.findLast((way) => way.url === url && way.family === family);
      if (last !== undefined) return last.reason === undefined;
      const was = family === 4 ? known?.ipv4 : known?.ipv6;
      // Where nothing was broken there was no such address: it is new, and nobody knows of it yet.
      return was === false && known?.reason === undefined ? undefined : was;
    };
    const [ipv4, ipv6] = [over(4), over(6)];
    const broken = found.families.filter((family) => (family === 4 ? ipv4 : ipv6) === false);
    const reason =
      broken.length === 0
        ? undefined
        : (tried.findLast((way) => way.url === url && way.reason !== undefined)?.reason ?? known?.reason);
    return {
      url,
      reachable: broken.length < found.families.length,
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
      ...(reason === undefined ? {} : { reason }),
    };
  });
}

/** Whether any of the URLs can be reached over a family; undefined when that is not known. */
export function reachableOver(urls: readonly UrlState[], family: 4 | 6): boolean | undefined {
  const found = urls
    .filter(({ reachable }) => reachable)
    .map((state) => (family === 4 ? state.ipv4 : state.ipv6));
  if (found.includes(true)) return true;
  return found.includes(undefined) ? undefined : false;
}
