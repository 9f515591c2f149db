import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { healthyStates, numberedMirror } from '../../test/fakes/mirrors.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { parseRepositoryName } from '../oci/reference.ts';
import { parseIpAddress } from '../net/address.ts';
import { type Choice, chooseMirrors } from './choose-mirrors.ts';
import type { Client, WantedBlob } from './eligibility.ts';
import type { Mirror, MirrorId } from './mirror.ts';
import type { MirrorState } from './mirror-state.ts';
import { createMirrorTable } from './mirror-table.ts';
import { parseNetblock } from '../net/netblock.ts';

// Few different values, so that tiers, limits and reasons meet often.
const country = fc.constantFrom('DE', 'FR', 'CZ', 'JP', 'NZ', 'US', 'ZA');
const asn = fc.constantFrom(1, 2, 3);
const netblock = fc
  .constantFrom(
    '192.0.2.0/24',
    '192.0.0.0/16',
    '192.0.2.0/25',
    '2001:db8::/32',
    '2001:db8:1::/48',
    '10.0.0.0/8',
  )
  .map(parseNetblock);
const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 3 });
const mirrorPart = fc.record({
  country,
  asns: some(asn),
  netblocks: some(netblock),
  weight: fc.integer({ min: 1, max: 1_000_000 }),
  kind: fc.constantFrom('public', 'private', 'always-current'),
  enabled: fc.integer({ max: 9, min: 0 }).map((dice) => dice > 0),
  approved: fc.integer({ max: 9, min: 0 }).map((dice) => dice > 0),
  repositories: fc.constantFrom([], [], ['fedora/*'], ['debian/base']),
  onlyCountries: fc.oneof(fc.constant([]), fc.constant([]), some(country)),
  exceptCountries: fc.oneof(fc.constant([]), fc.constant([]), some(country)),
  urls: fc.constantFrom<(readonly [string, ...string[]])[]>(
    ['https://mirror.example.org'],
    ['https://mirror.example.org', 'http://mirror.example.org'],
    ['http://mirror.example.org', 'https://mirror.example.org'],
    ['http://mirror.example.org'],
  ),
});
const statePart = fc.record(
  {
    healthy: fc.integer({ max: 4, min: 0 }).map((dice) => dice > 0),
    serial: fc.integer({ min: 3, max: 9 }),
    ipv4: fc.boolean(),
    ipv6: fc.boolean(),
    urls: fc.array(
      fc.record(
        {
          url: fc.constantFrom('https://mirror.example.org', 'http://mirror.example.org'),
          reachable: fc.boolean(),
          ipv4: fc.boolean(),
          ipv6: fc.boolean(),
        },
        { requiredKeys: ['url', 'reachable'] },
      ),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['healthy', 'serial'] },
);
const parts = fc.array(fc.tuple(mirrorPart, statePart), { maxLength: 25 });
const world = fc.tuple(parts, fc.constantFrom(1, 1, 0.5, 0.2)).map(([parts, share]) => {
  const mirrors = parts.map(([part], at) => numberedMirror(at + 1, part));
  const states = new Map<MirrorId, MirrorState>(
    parts.map(([, state], at) => [(at + 1) as MirrorId, { ...state, since: 0 }]),
  );
  return { mirrors, states, share };
});
const client: fc.Arbitrary<Client> = fc.record({
  address: fc
    .constantFrom('192.0.2.1', '192.0.2.200', '192.0.9.9', '203.0.113.5', '2001:db8:1::1', '2001:db8:2::1')
    .map(parseIpAddress),
  secure: fc.boolean(),
  place: fc.record({ country, asn, source: fc.constant('test') }, { requiredKeys: ['source'] }),
});
const blob: fc.Arbitrary<WantedBlob> = fc.record({
  repository: fc.constantFrom('fedora/base', 'debian/base').map(parseRepositoryName),
  digest: fc.string().map(digestOf),
  serial: fc.integer({ min: 3, max: 7 }),
});
const tried = fc.array(
  fc.integer({ min: 1, max: 25 }).map((id) => id as MirrorId),
  { maxLength: 3 },
);
const limit = fc.integer({ min: 0, max: 8 });

const namesOf = ({ ranked }: Choice) => ranked.map(({ mirror }) => mirror.name);

test('the same inputs give the same ranking, in whatever order the mirrors are listed', () => {
  fc.assert(
    fc.property(
      world,
      client,
      blob,
      tried,
      fc.func(fc.integer()),
      ({ mirrors, states, share }, client, blob, tried, rank) => {
        const shuffled = mirrors.toSorted((one, other) => rank(one.id) - rank(other.id));
        const one = chooseMirrors(createMirrorTable(mirrors, states, share), client, blob, tried, Infinity);
        const other = chooseMirrors(
          createMirrorTable(shuffled, states, share),
          client,
          blob,
          tried,
          Infinity,
        );
        assert.deepEqual(other.ranked, one.ranked);
        assert.deepEqual(other.rejected.map(describeRejection), one.rejected.map(describeRejection));
      },
    ),
  );
});

test('without a limit every mirror is either ranked or rejected, once', () => {
  fc.assert(
    fc.property(world, client, blob, tried, ({ mirrors, states, share }, client, blob, tried) => {
      const { ranked, rejected } = chooseMirrors(
        createMirrorTable(mirrors, states, share),
        client,
        blob,
        tried,
        Infinity,
      );
      const ids = [...ranked, ...rejected].map(({ mirror }) => mirror.id);
      assert.deepEqual(
        ids.toSorted((a, b) => a - b),
        mirrors.map(({ id }) => id),
      );
    }),
  );
});

test('no mirror is ranked that cannot be had', () => {
  fc.assert(
    fc.property(world, client, blob, tried, ({ mirrors, states, share }, client, blob, tried) => {
      const { ranked, rejected } = chooseMirrors(
        createMirrorTable(mirrors, states, share),
        client,
        blob,
        tried,
        Infinity,
      );
      for (const { mirror, url } of ranked) {
        assert.deepEqual(obstacles(mirror, states, client, blob, tried), [], mirror.name);
        assert.deepEqual(obstacles({ ...mirror, urls: [url] }, states, client, blob, tried), [], url);
      }
      for (const { mirror, reason } of rejected) {
        assert.ok(
          obstacles(mirror, states, client, blob, tried).includes(reason),
          `${mirror.name} ${reason}`,
        );
      }
    }),
    { numRuns: 300 },
  );
});

test('a limit cuts the ranking and changes nothing else', () => {
  fc.assert(
    fc.property(
      world,
      client,
      blob,
      tried,
      limit,
      ({ mirrors, states, share }, client, blob, tried, limit) => {
        const table = createMirrorTable(mirrors, states, share);
        const whole = chooseMirrors(table, client, blob, tried, Infinity);
        const cut = chooseMirrors(table, client, blob, tried, limit);
        assert.deepEqual(cut.ranked, whole.ranked.slice(0, limit));
        assert.deepEqual(
          cut.rejected.map(describeRejection),
          whole.rejected.slice(0, cut.rejected.length).map(describeRejection),
        );
      },
    ),
  );
});

test('a mirror that leaves moves only its own share', () => {
  fc.assert(
    fc.property(world, client, blob, fc.nat(), ({ mirrors, states, share }, client, blob, pick) => {
      fc.pre(mirrors.length > 0);
      const gone = mirrors[pick % mirrors.length];
      const before = chooseMirrors(createMirrorTable(mirrors, states, share), client, blob, [], Infinity);
      const rest = mirrors.filter((mirror) => mirror !== gone);
      const after = chooseMirrors(createMirrorTable(rest, states, share), client, blob, [], Infinity);
      assert.deepEqual(
        namesOf(after),
        namesOf(before).filter((name) => name !== gone?.name),
      );
    }),
  );
});

const blobOf = (digest: Digest): WantedBlob => ({
  repository: parseRepositoryName('fedora/base'),
  digest,
  serial: 1,
});
const inGermany = (address: string): Client => ({
  address: parseIpAddress(address),
  secure: true,
  place: { country: 'DE', source: 'test' },
});

/** How often each mirror goes first: for many blobs from one network, and for one blob from many networks. */
function countFirsts(
  mirrors: readonly Mirror[],
  asks: Iterable<readonly [Client, WantedBlob]>,
  maxShare = 1,
) {
  const table = createMirrorTable(mirrors, healthyStates(mirrors), maxShare);
  const counts = new Map(mirrors.map(({ id }) => [id, 0]));
  for (const [client, blob] of asks) {
    const [first] = chooseMirrors(table, client, blob, [], 1).ranked;
    assert.ok(first !== undefined);
    counts.set(first.mirror.id, (counts.get(first.mirror.id) ?? 0) + 1);
  }
  return counts;
}

test('shares follow weights, over blobs and over client networks', () => {
  const weights = [1, 10, 100, 100, 300, 489];
  const mirrors = weights.map((weight, at) => numberedMirror(at + 1, { weight }));
  const total = 20_000;
  const everywhere = Array.from({ length: total }, (_, at) => at);
  const asks = [
    everywhere.map((at) => [inGermany('192.0.2.1'), blobOf(digestOf(String(at)))] as const),
    everywhere.map((at) => [inGermany(`10.${at >> 8}.${at & 255}.1`), blobOf(digestOf('one'))] as const),
    everywhere.map((at) => [inGermany(`2001:db8:${at.toString(16)}::1`), blobOf(digestOf('one'))] as const),
  ];
  for (const some of asks) {
    const counts = countFirsts(mirrors, some);
    for (const { id, weight } of mirrors) {
      const share = weight / 1000;
      // Nothing here is random: the counts are the same in every run. Five standard deviations of a fair draw.
      const slack = 5 * Math.sqrt(total * share * (1 - share));
      assert.ok(
        Math.abs((counts.get(id) ?? 0) - total * share) < slack,
        `${id}: ${counts.get(id)} of ${total * share}`,
      );
    }
  }
});

test('no mirror takes more than its greatest share of a country, whatever weight it claims', () => {
  const weight = fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.constantFrom(1, 1_000_000));
  const total = 2000;
  const ofCountry = (seed: number) =>
    Array.from({ length: total }, (_, at) => {
      const network = (seed * total + at) % 65_536;
      return [inGermany(`10.${network >> 8}.${network & 255}.1`), blobOf(digestOf(String(seed)))] as const;
    });
  fc.assert(
    fc.property(
      fc.array(weight, { minLength: 1, maxLength: 6 }),
      fc.array(weight, { minLength: 6, maxLength: 12 }),
      fc.constantFrom(0.3, 0.5, 0.8),
      fc.nat(1000),
      (here, elsewhere, greatest, seed) => {
        const mirrors = [
          ...here.map((weight, at) => numberedMirror(at + 1, { weight, asns: [at % 2] })),
          ...elsewhere.map((weight, at) => numberedMirror(at + 101, { weight, country: 'FR' })),
        ];
        // What nobody else may take stays with the country's mirrors, evenly.
        const bound = greatest + (1 - greatest) ** mirrors.length / here.length;
        const slack = 6 * Math.sqrt(total * bound * (1 - bound));
        for (const [id, count] of countFirsts(mirrors, ofCountry(seed), greatest)) {
          assert.ok(count <= total * bound + slack, `${id} took ${count} of ${total}`);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('below the greatest share weights count as always, and own netblocks are served alone', () => {
  const even = Array.from({ length: 20 }, (_, at) => numberedMirror(at + 1));
  const asks = Array.from(
    { length: 4000 },
    (_, at) => [inGermany(`10.${at >> 8}.${at & 255}.1`), blobOf(digestOf('one'))] as const,
  );
  for (const count of countFirsts(even, asks, 0.5).values())
    assert.ok(count > 120 && count < 280, `${count}`);
  const own = numberedMirror(1, { netblocks: [parseNetblock('10.0.0.0/8')] });
  assert.equal(countFirsts([own, numberedMirror(2)], asks, 0.2).get(own.id), asks.length);
});

test('the blobs of one image spread over the mirrors of the tier', () => {
  const mirrors = Array.from({ length: 6 }, (_, at) => numberedMirror(at + 1));
  for (let image = 0; image < 50; image += 1) {
    const layers = Array.from({ length: 20 }, (_, at) => blobOf(digestOf(`${image} ${at}`)));
    const counts = countFirsts(
      mirrors,
      layers.map((blob) => [inGermany('192.0.2.1'), blob] as const),
    );
    const used = [...counts.values()].filter((count) => count > 0).length;
    assert.ok(used >= 4 && Math.max(...counts.values()) <= 12, [...counts.values()].join(' '));
  }
});

test('clients of one network are sent to the same mirror for the same blob', () => {
  const mirrors = Array.from({ length: 9 }, (_, at) => numberedMirror(at + 1));
  const table = createMirrorTable(mirrors, healthyStates(mirrors));
  const firstFor = (address: string) =>
    namesOf(chooseMirrors(table, inGermany(address), blobOf(digestOf('blob')), [], Infinity));
  assert.deepEqual(firstFor('192.0.2.1'), firstFor('192.0.2.254'));
  assert.deepEqual(firstFor('2001:db8:1::1'), firstFor('2001:db8:1:ffff:ffff::1'));
  assert.notDeepEqual(firstFor('192.0.2.1'), firstFor('192.0.3.1'));
  assert.notDeepEqual(firstFor('2001:db8:1::1'), firstFor('2001:db8:2::1'));
});

function describeRejection({ mirror, reason }: Choice['rejected'][number]) {
  return [mirror.id, reason];
}

/** Everything that stands against the mirror, worked out the plain way. */
function obstacles(
  mirror: Mirror,
  states: ReadonlyMap<MirrorId, MirrorState>,
  { address, secure, place }: Client,
  { repository, serial }: WantedBlob,
  tried: readonly MirrorId[],
): readonly string[] {
  const state = states.get(mirror.id);
  const ipv6 = address.includes(':');
  const carries = mirror.repositories.some(
    (pattern) =>
      pattern === repository || (pattern.endsWith('*') && repository.startsWith(pattern.slice(0, -1))),
  );
  const inside = mirror.netblocks.some(({ address: base, length }) =>
    ipv6
      ? base.includes(':') && address.startsWith(length === 32 ? '2001:db8:' : '2001:db8:1:')
      : !base.includes(':') &&
        (length === 25
          ? address === '192.0.2.1'
          : address.startsWith(
              base
                .split('.')
                .slice(0, length / 8)
                .join('.') + '.',
            )),
  );
  const stateOf = (url: string) => state?.urls?.find((known) => known.url === url);
  const answering = mirror.urls.filter(
    (url, at) =>
      (!secure || url.startsWith('https:')) &&
      (state?.urls === undefined ? at === 0 : stateOf(url)?.reachable === true),
  );
  const familyOf = (url: string) => {
    const known = stateOf(url) ?? state;
    return ipv6 ? known?.ipv6 : known?.ipv4;
  };
  return [
    ...(mirror.enabled ? [] : ['disabled']),
    ...(mirror.approved ? [] : ['not-approved']),
    ...(mirror.repositories.length === 0 || carries ? [] : ['repository-not-carried']),
    ...(state?.healthy === true ? [] : ['unhealthy']),
    ...((state?.serial ?? 0) >= serial || mirror.kind === 'always-current' ? [] : ['behind']),
    ...(mirror.kind !== 'private' || inside ? [] : ['private']),
    ...((mirror.onlyCountries.length === 0 || mirror.onlyCountries.some((code) => code === place.country)) &&
    !mirror.exceptCountries.some((code) => code === place.country)
      ? []
      : ['country-not-served']),
    ...(answering.length > 0 ? [] : ['scheme']),
    ...(answering.some((url) => familyOf(url) !== false) ? [] : ['address-family']),
    ...(tried.includes(mirror.id) ? ['just-tried'] : []),
  ];
}
