import { fileURLToPath } from 'node:url';
import { createMmdbPlaceFinder } from '../../adapters/place-finder/mmdb-place-finder.ts';
import type { PlaceFinder } from '../../ports/place-finder.ts';
import type { Config } from './config-schema.ts';
import { readPlaceOverrides } from './netblock-settings.ts';

/**
 * Places clients as the configuration says; without a country database there, by the one that comes with Signpost.
 * @param pause gives others their turn meanwhile
 * @throws SignpostError CONFIG_INVALID
 */
export function composePlaceFinder(config: Config, pause?: () => Promise<void>): Promise<PlaceFinder> {
  return createMmdbPlaceFinder(
    {
      countryDatabase:
        config.places.countryDatabase ??
        fileURLToPath(
          import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'),
        ),
      asnDatabase: config.places.asnDatabase,
      overrides: readPlaceOverrides(config),
    },
    pause,
  );
}
