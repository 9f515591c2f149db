import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { healthyStates, numberedMirror } from '../../test/fakes/mirrors.ts';
import { digestOf } from '../oci/digest.ts';
import { parseRepositoryName } from '../oci/reference.ts';
import { parseIpAddress } from '../net/address.ts';
import { type Choice, chooseMirrors } from './choose-mirrors.ts';
import type { Client } from './eligibility.ts';
import type { Mirror, MirrorId } from './mirror.ts';
import type { MirrorState, UrlState } from './mirror-state.ts';
import { createMirrorTable, withStates } from './mirror-table.ts';
import { parseNetblock } from '../net/netblock.ts';

const blob = { repository: parseRepositoryName('fedora/base'), digest: digestOf('blob'), serial: 5 };
const client = (address: string, place: Partial<Client['place']> = {}, secure = true): Client => ({
  address: parseIpAddress(address),
  secure,
  place: { ...place, source: 'test' },
});
const inGermany = client('192.0.2.1', { country: 'DE' });

function choose(
  mirrors: readonly Mirror[],
  from: Client = inGermany,
  state: Partial<MirrorState> = {},
  tried: readonly number[] = [],
  limit = Infinity,
  severalParts = false,
): Choice {
  const table = createMirrorTable(mirrors, healthyStates(mirrors, state));
  return chooseMirrors(table, from, { ...blob, severalParts }, tried as MirrorId[], limit);
}
const ranking = ({ ranked }: Choice) => ranked.map(({ mirror, tier }) => `${mirror.id} ${tier}`);

describe('tiers', () => {
  it('go from netblock to ASN, country, continent and anywhere', () => {
    const mirrors = [
      numberedMirror(1, { country: 'JP' }),
      numberedMirror(2, { country: 'FR' }),
      numberedMirror(3),
      numberedMirror(4, { country: 'AU', asns: [680, 681] }),
      numberedMirror(5, { country: 'BR', netblocks: [parseNetblock('192.0.2.0/24')] }),
    ];
    const choice = choose(mirrors, client('192.0.2.1', { country: 'DE', asn: 681 }));
    assert.deepEqual(ranking(choice), ['5 netblock', '4 asn', '3 country', '2 continent', '1 anywhere']);
    assert.deepEqual(choice.rejected, []);
  });

  it('put the longest netblock first', () => {
    const mirrors = [
      numberedMirror(1, { netblocks: [parseNetblock('192.0.0.0/16'), parseNetblock('10.0.0.0/8')] }),
      numberedMirror(2, { netblocks: [parseNetblock('192.0.2.0/24')] }),
      numberedMirror(3, { netblocks: [parseNetblock('192.0.2.0/30')] }),
      numberedMirror(4, { netblocks: [parseNetblock('192.0.2.4/30')] }),
    ];
    assert.deepEqual(ranking(choose(mirrors)), ['3 netblock', '2 netblock', '1 netblock', '4 country']);
    assert.equal(ranking(choose(mirrors, client('::ffff:192.0.2.1', { country: 'DE' })))[0], '3 netblock');
  });

  it('take the nearest band first, inside the continent and then anywhere', () => {
    const at = (id: number, country: string) => numberedMirror(id, { country });
    const mirrors = [at(1, 'PT'), at(2, 'CZ'), at(3, 'IT'), at(4, 'NZ'), at(5, 'TN'), at(6, 'KE')];
    assert.deepEqual(ranking(choose(mirrors)), [
      '2 continent',
      '3 continent',
      '1 continent',
      '5 anywhere',
      '6 anywhere',
      '4 anywhere',
    ]);
    const distances = choose(mirrors).ranked.map(({ distance }) => distance ?? -1);
    assert.ok(distances.every((distance) => distance > 0));
  });

  it('go by the coordinates of a mirror and a client where they are known', () => {
    const mirrors = [
      numberedMirror(1, { country: 'US', coordinates: { latitude: 37.4, longitude: -122 } }),
      numberedMirror(2, { country: 'US', coordinates: { latitude: 40.7, longitude: -74 } }),
    ];
    const boston = client('192.0.2.1', { country: 'CA', latitude: 45.5, longitude: -73.6 });
    const vancouver = client('192.0.2.1', { country: 'CA', latitude: 49.2, longitude: -123.1 });
    assert.deepEqual(ranking(choose(mirrors, boston)), ['2 continent', '1 continent']);
    assert.deepEqual(ranking(choose(mirrors, vancouver)), ['1 continent', '2 continent']);
  });

  it('count a mirror once, in the first tier that it is in', () => {
    const mirrors = [
      numberedMirror(1, {
        asns: [680],
        netblocks: [parseNetblock('192.0.2.0/24'), parseNetblock('192.0.0.0/16')],
      }),
      numberedMirror(2, { asns: [680] }),
      numberedMirror(3, { country: 'FR', asns: [680], enabled: false }),
    ];
    const choice = choose(mirrors, client('192.0.2.1', { country: 'DE', asn: 680 }));
    assert.deepEqual(ranking(choice), ['1 netblock', '2 asn']);
    assert.equal(choice.rejected.length, 1);
  });

  it('leave a client of whom nothing is known every mirror', () => {
    const mirrors = [numberedMirror(1), numberedMirror(2, { country: 'NZ' })];
    const choice = choose(mirrors, client('192.0.2.1'));
    assert.deepEqual(ranking(choice).toSorted(), ['1 anywhere', '2 anywhere']);
    assert.ok(choice.ranked.every(({ distance }) => distance === undefined));
  });

  it('use the continent where only that is known', () => {
    const mirrors = [numberedMirror(1, { country: 'NZ' }), numberedMirror(2, { country: 'KE' })];
    assert.deepEqual(ranking(choose(mirrors, client('192.0.2.1', { continent: 'AF' }))), [
      '2 continent',
      '1 anywhere',
    ]);
  });

  it('are looked at no further than is needed', () => {
    const mirrors = [
      numberedMirror(1),
      numberedMirror(2, { country: 'FR' }),
      numberedMirror(3, { country: 'FR', enabled: false }),
    ];
    const choice = choose(mirrors, inGermany, {}, [], 1);
    assert.deepEqual(ranking(choice), ['1 country']);
    assert.deepEqual(choice.rejected, []);
    assert.deepEqual(choose(mirrors, inGermany, {}, [], 0).ranked, []);
  });
});

describe('eligibility', () => {
  const reasonOf = (choice: Choice) => {
    assert.equal(choice.ranked.length, 0);
    const [rejected] = choice.rejected;
    assert.ok(rejected !== undefined && choice.rejected.length === 1);
    assert.ok(rejected.detail().length > 10);
    return rejected.reason;
  };

  it('is refused with the reason', () => {
    const cases = [
      ['disabled', choose([numberedMirror(1, { enabled: false })])],
      ['not-approved', choose([numberedMirror(1, { approved: false })])],
      ['country-not-served', choose([numberedMirror(1, { exceptCountries: ['DE'] })])],
      ['scheme', choose([numberedMirror(1, { urls: ['http://a.example', 'https://b.example'] })])],
      [
        'repository-not-carried',
        choose([numberedMirror(1, { repositories: ['fedora', 'debian/*', 'fedora/b/*'] })]),
      ],
      ['unhealthy', choose([numberedMirror(1)], inGermany, { healthy: false })],
      ['behind', choose([numberedMirror(1)], inGermany, { serial: 4 })],
      ['behind', choose([numberedMirror(1)], inGermany, { serial: 0 })],
      ['scheme', choose([numberedMirror(1, { urls: ['http://mirror.example.org'] })])],
      ['address-family', choose([numberedMirror(1)], inGermany, { ipv4: false })],
      [
        'address-family',
        choose([numberedMirror(1)], client('2001:db8::1', { country: 'DE' }), { ipv6: false }),
      ],
      ['address-family', choose([numberedMirror(1, { urls: ['https://[2001:db8::1]'] })])],
      ['just-tried', choose([numberedMirror(1)], inGermany, {}, [7, 1])],
      ['several-parts', choose([numberedMirror(1)], inGermany, {}, [], Infinity, true)],
      ['several-parts', choose([numberedMirror(1)], inGermany, { severalParts: false }, [], Infinity, true)],
      [
        'private',
        choose([numberedMirror(1, { kind: 'private', netblocks: [parseNetblock('192.0.3.0/24')] })]),
      ],
    ] as const;
    for (const [reason, choice] of cases) assert.equal(reasonOf(choice), reason);
  });

  it('is granted in the near cases', () => {
    const cases = [
      choose([numberedMirror(1, { repositories: ['debian/*', 'fedora/base'] })]),
      choose([numberedMirror(1, { repositories: ['fedora/*'] })]),
      choose([numberedMirror(1)], inGermany, { serial: 5 }),
      choose([numberedMirror(1, { urls: ['http://mirror.example.org'] })], client('192.0.2.1', {}, false)),
      choose([numberedMirror(1)], inGermany, { ipv6: false }),
      choose([numberedMirror(1)], inGermany, { severalParts: true }, [], Infinity, true),
      choose([numberedMirror(1, { urls: ['https://[2001:db8::1]'] })], client('2001:db8::2')),
      choose([numberedMirror(1, { kind: 'private', netblocks: [parseNetblock('192.0.2.0/24')] })]),
      choose([numberedMirror(1, { onlyCountries: ['FR', 'DE'] })]),
      choose([numberedMirror(1, { exceptCountries: ['FR'] })]),
      choose([numberedMirror(1, { exceptCountries: ['DE'] })], client('192.0.2.1')),
      choose([numberedMirror(1, { kind: 'always-current' })], inGermany, { serial: 0 }),
    ];
    for (const { ranked, rejected } of cases) {
      assert.equal(ranked.length, 1);
      assert.deepEqual(rejected, []);
    }
  });

  it('goes by how each URL answers, over the family and the scheme of the client', () => {
    const [secure, plain] = ['https://a.example', 'http://b.example'] as const;
    const both = (one: Partial<UrlState>, other: Partial<UrlState>) => ({
      urls: [
        { url: secure, reachable: true, ...one },
        { url: plain, reachable: true, ...other },
      ],
    });
    const from = (family: 4 | 6, secure: boolean) =>
      client(family === 4 ? '192.0.2.1' : '2a00::1', {}, secure);
    const answerTo = (who: Client, state: Partial<MirrorState>) => {
      const { ranked, rejected } = choose([numberedMirror(1, { urls: [secure, plain] })], who, state);
      return ranked[0]?.url ?? rejected[0]?.reason;
    };
    assert.equal(answerTo(from(4, true), both({}, {})), secure);
    assert.equal(answerTo(from(4, false), both({}, {})), secure);
    assert.equal(answerTo(from(4, false), both({ reachable: false }, {})), plain);
    assert.equal(answerTo(from(4, true), both({ reachable: false }, {})), 'scheme');
    assert.equal(answerTo(from(6, false), both({ ipv6: false }, {})), plain);
    assert.equal(answerTo(from(6, true), both({ ipv6: false }, {})), 'address-family');
    assert.equal(answerTo(from(6, false), both({ ipv6: false }, { ipv6: false })), 'address-family');
    assert.equal(answerTo(from(4, false), { urls: [] }), 'scheme');
  });

  it('has country limits in every tier, and nobody from an unknown country', () => {
    const limited = numberedMirror(1, {
      country: 'DE',
      asns: [680],
      netblocks: [parseNetblock('192.0.2.0/24')],
      onlyCountries: ['FR'],
    });
    for (const from of [
      inGermany,
      client('198.51.100.1', { country: 'DE', asn: 680 }),
      client('198.51.100.1', { country: 'DE' }),
      client('198.51.100.1', { country: 'IT' }),
      client('198.51.100.1', { country: 'NZ' }),
      client('192.0.2.1'),
    ]) {
      assert.equal(reasonOf(choose([limited], from)), 'country-not-served');
    }
  });

  it('needs a probe that was passed', () => {
    const mirrors = [numberedMirror(1)];
    const choice = chooseMirrors(createMirrorTable(mirrors, new Map()), inGermany, blob, [], 5);
    assert.equal(reasonOf(choice), 'unhealthy');
    assert.match(choice.rejected[0]?.detail() ?? '', /not been probed/);
  });

  it('follows new states without compiling the mirrors again', () => {
    const mirrors = [numberedMirror(1), numberedMirror(2)];
    const table = createMirrorTable(mirrors, healthyStates(mirrors));
    const [first] = mirrors;
    assert.ok(first !== undefined);
    const changed = withStates(
      table,
      new Map([...healthyStates(mirrors), ...healthyStates([first], { healthy: false, reason: 'it reset' })]),
    );
    const choice = chooseMirrors(changed, inGermany, blob, [], 5);
    assert.deepEqual(ranking(choice), ['2 country']);
    assert.equal(choice.rejected[0]?.detail(), 'it reset');
    assert.equal(changed.byNetblock, table.byNetblock);
    assert.equal(chooseMirrors(table, inGermany, blob, [], 5).ranked.length, 2);
  });
});

describe('a slow mirror', () => {
  it('sinks within its tier, and says so', () => {
    const mirrors = [1, 2, 3, 4].map((id) => numberedMirror(id, { country: 'DE', weight: 100 }));
    const state = { healthy: true, since: 0, serial: 9 };
    const times = mirrors.map(({ id }) => [id, { ...state, responseTime: id === 4 ? 1000 : 100 }] as const);
    const table = createMirrorTable(mirrors, new Map(times));
    const { ranked } = chooseMirrors(table, inGermany, blob, [], 10);
    const slow = ranked.find(({ mirror }) => mirror.id === 4);
    assert.equal(slow?.slowWeight, 12.5);
    assert.equal(slow.share, 12.5 / 312.5);
    assert.ok(ranked.every(({ mirror, slowWeight }) => (slowWeight === undefined) === (mirror.id !== 4)));
  });
});
