import type { Client } from '../../mirrors/eligibility.ts';
import type { ChoiceExplanation } from './explain-choice.ts';
import { formatTable } from '../../text/format-table.ts';
import type { Place } from '../../mirrors/place.ts';

/** A choice in lines for people: how the client was placed, where it goes, and why not elsewhere. */
export function describeChoice(
  { address, place, secure }: Client,
  { ranked, rejected }: ChoiceExplanation,
  notes: readonly string[],
): readonly string[] {
  const ranking = ranked.map(({ name, url, tier, distance, share, slowWeight }, at) => [
    String(at + 1),
    name,
    tier,
    distance === undefined ? '-' : `${distance} km`,
    `${Math.round(share * 1000) / 10} %${slowWeight === undefined ? '' : ` (slow: weight ${slowWeight})`}`,
    url,
  ]);
  return [
    `Client ${address} over ${secure ? 'https' : 'http'}: ${describePlace(place)}`,
    ...notes.map((note) => `Note: ${note}`),
    '',
    ...(ranking.length === 0
      ? ['No mirror qualifies: the origin serves the blob itself.']
      : formatTable([['', 'MIRROR', 'TIER', 'DISTANCE', 'SHARE', 'URL'], ...ranking])),
    ...(rejected.length === 0 ? [] : ['', 'Not chosen:']),
    ...formatTable(rejected.map(({ name, reason, detail }) => [name, reason, detail])),
  ];
}

/** `DE, EU, AS680 (overrides)`. */
export function describePlace({ country, continent, asn, latitude, longitude, source }: Place): string {
  const parts = [
    country,
    continent,
    asn === undefined ? undefined : `AS${asn}`,
    latitude === undefined || longitude === undefined ? undefined : `near ${latitude},${longitude}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? `geolocation unknown (${source})` : `${parts.join(', ')} (${source})`;
}

/** What to say of a blob that is never redirected. */
export function describeInPlace(size: number, inlineSize: number): string {
  return `the blob has ${size} bytes, so it is served in place (registry.inlineSize is ${inlineSize})`;
}
