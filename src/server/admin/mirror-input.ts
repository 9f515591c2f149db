import type { MirrorInput } from '../../mirrors/parse-mirror.ts';
import type { MirrorChangeBody } from './schemas/mirror.ts';

/**
 * What a body says of a mirror, in the words that the command line has, so that one parser judges both. In a JSON Merge
 * Patch (RFC 7396) null takes away, for which the command line has an empty text.
 */
export function mirrorInput(body: MirrorChangeBody): Partial<MirrorInput> {
  const {
    coordinates,
    asns,
    weight,
    site,
    contact,
    webhook,
    enabled: _enabled,
    approved: _approved,
    ...rest
  } = body;
  return {
    ...rest,
    ...(site === undefined ? {} : { site: site ?? '' }),
    ...(contact === undefined ? {} : { contact: contact ?? '' }),
    ...(webhook === undefined ? {} : { webhook: webhook ?? '' }),
    ...(coordinates === undefined ? {} : { coordinates: formatCoordinates(coordinates) }),
    ...(asns === undefined ? {} : { asns: asns.map(String) }),
    ...(weight === undefined ? {} : { weight: String(weight) }),
  };
}

// As many decimals as the parser takes, and never an exponent.
function formatCoordinates(value: { latitude: number; longitude: number } | null): string {
  return value === null ? '' : `${value.latitude.toFixed(10)},${value.longitude.toFixed(10)}`;
}
