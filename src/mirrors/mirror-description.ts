import type { NewMirror } from './mirror.ts';
import { formatNetblock } from '../net/netblock.ts';

/** A mirror as plain JSON: netblocks are text. The database and `--json` have it so. */
export type MirrorDescription = Omit<NewMirror, 'netblocks'> & { readonly netblocks: readonly string[] };

export function describeMirror(mirror: NewMirror): MirrorDescription {
  const { name, site, kind, urls, country, coordinates, asns, weight, repositories } = mirror;
  const { onlyCountries, exceptCountries, enabled, approved, contact, webhook } = mirror;
  return {
    name,
    ...(site === undefined ? {} : { site }),
    kind,
    urls,
    country,
    ...(coordinates === undefined ? {} : { coordinates }),
    asns,
    netblocks: mirror.netblocks.map(formatNetblock),
    weight,
    repositories,
    onlyCountries,
    exceptCountries,
    enabled,
    approved,
    ...(contact === undefined ? {} : { contact }),
    ...(webhook === undefined ? {} : { webhook }),
  };
}
