import type { NewMirror } from './mirror.ts';
import { formatNetblock } from './netblock.ts';

/** A mirror as plain JSON: netblocks are text. The database and `--json` have it so. */
export type MirrorDescription = Omit<NewMirror, 'netblocks'> & { readonly netblocks: readonly string[] };

export function describeMirror(mirror: NewMirror): MirrorDescription {
  const { name, url, country, coordinates, asns, netblocks, weight, repositories, onlyCountries } = mirror;
  return {
    name,
    url,
    country,
    ...(coordinates === undefined ? {} : { coordinates }),
    asns,
    netblocks: netblocks.map(formatNetblock),
    weight,
    private: mirror.private,
    repositories,
    onlyCountries,
    enabled: mirror.enabled,
  };
}
