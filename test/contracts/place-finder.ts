import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Netblock, parseIpAddress } from '../../src/net/address.ts';
import { parseNetblock } from '../../src/net/netblock.ts';
import type { PlaceFinder } from '../../src/ports/place-finder.ts';

/** Where netblocks are said to be. */
export type KnownPlaces = readonly { readonly netblock: Netblock; readonly country: string }[];

/** What every PlaceFinder must do. `open` makes one that knows just these places, and what ends it. */
export function placeFinderContract(
  name: string,
  open: (known: KnownPlaces) => Promise<{ readonly finder: PlaceFinder; readonly end: () => void }>,
): void {
  const using =
    (known: Readonly<Record<string, string>>, work: (find: (text: string) => string | undefined) => void) =>
    async () => {
      const { finder, end } = await open(
        Object.entries(known).map(([netblock, country]) => ({ netblock: parseNetblock(netblock), country })),
      );
      try {
        work((text) => {
          const place = finder.find(parseIpAddress(text));
          assert.ok(place.source.length > 0);
          return place.country;
        });
      } finally {
        end();
      }
    };

  describe(`place finder: ${name}`, () => {
    it(
      'places an address by the longest netblock around it, in any order of asking',
      using({ '192.0.0.0/16': 'DE', '192.0.2.0/24': 'FR', '192.0.2.128/25': 'JP' }, (find) => {
        const expected = {
          '192.0.9.1': 'DE',
          '192.0.2.1': 'FR',
          '192.0.2.200': 'JP',
          '192.1.0.1': undefined,
        };
        for (const [text, country] of [
          ...Object.entries(expected),
          ...Object.entries(expected).toReversed(),
        ]) {
          assert.equal(find(text), country, text);
        }
      }),
    );
    it(
      'keeps IPv4 and IPv6 apart',
      using({ '192.0.2.0/24': 'DE', '2001:db8::/32': 'NZ', '2001:db8:1:8000::/49': 'ZA' }, (find) => {
        assert.equal(find('2001:db8:2::1'), 'NZ');
        assert.equal(find('2001:db8:1::1'), 'NZ');
        assert.equal(find('2001:db8:1:ffff::1'), 'ZA');
        assert.equal(find('::ffff:192.0.2.1'), 'DE');
        assert.equal(find('c000:200::1'), undefined);
      }),
    );
    it(
      'says nothing of the country where it knows nothing',
      using({}, (find) => {
        assert.equal(find('192.0.2.1'), undefined);
        assert.equal(find('::1'), undefined);
      }),
    );
  });
}
