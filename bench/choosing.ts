import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createMmdbPlaceFinder } from '../src/adapters/place-finder/mmdb-place-finder.ts';
import {
  type AddressWords,
  formatWords,
  type IpAddress,
  type Netblock,
  wordsOf,
} from '../src/net/address.ts';
import { chooseMirrors } from '../src/mirrors/choose-mirrors.ts';
import type { Mirror, MirrorId } from '../src/mirrors/mirror.ts';
import { createMirrorTable, type MirrorTable } from '../src/mirrors/mirror-table.ts';
import { maskWords } from '../src/net/netblock.ts';
import { createNetblockTable } from '../src/net/netblock-table.ts';
import { digestOf } from '../src/oci/digest.ts';
import { parseRepositoryName } from '../src/oci/reference.ts';
import type { PublishedContent } from '../src/ports/publications.ts';
import { compileSnapshot } from '../src/server/pull/compile-snapshot.ts';
import { report } from './report.ts';

const repositories = 100_000;
/** In the client's country, whatever the number elsewhere. */
const near = 10;
const wanted = 5;

/** Choosing a mirror, and looking up where an address is: in one thread, without a server around it. */
export async function benchChoosing(options: { readonly rounds: number }): Promise<void> {
  const snapshot = await compileSnapshot(createContent(), undefined, async () => {});
  const names = Array.from({ length: repositories }, (_, index) => nameOf(index));
  const asks = Array.from({ length: 4096 }, (_, index) => {
    const repository = names[(index * 7919) % repositories] ?? nameOf(0);
    return {
      repository,
      digest: digestOf(repository),
      client: {
        address: addressOf(`client ${index}`, 4),
        secure: true,
        place: { country: 'DE', source: '' },
      },
    };
  });
  for (const elsewhere of [100, 1000, 10_000]) {
    const table = createTable(elsewhere);
    const choose = (index: number) => {
      const { repository, digest, client } = itemOf(asks, index);
      const blob = snapshot.findBlob(repository, digest);
      if (blob === undefined) throw new Error('a blob of the benchmark was not found');
      const choice = chooseMirrors(table, client, { repository, digest, serial: blob.serial }, [], wanted);
      return choice.ranked.length;
    };
    report(
      `choosing ${wanted} of ${near} near mirrors, ${elsewhere} elsewhere, ${repositories} repositories`,
      `${(timeOf(choose, options.rounds) / 1000).toFixed(2)} µs, ${allocatedBy(choose).toFixed(0)} bytes allocated`,
    );
  }
  benchNetblocks(options.rounds);
  await benchPlaces(options.rounds);
}

/** A request reads its client's address once, and looks it up in several tables: the two are measured apart. */
function benchNetblocks(rounds: number): void {
  for (const [family, kind] of [
    [4, 'IPv4'],
    [6, 'IPv6'],
    [6, 'IPv6 of five registries'],
  ] as const) {
    const wordsOfSeed =
      kind === 'IPv6 of five registries' ? clusteredWords : (seed: string) => wordsFrom(seed, family);
    for (const count of [1000, 100_000]) {
      const netblocks = Array.from({ length: count }, (_, index) =>
        netblockOf(`block ${index}`, wordsOfSeed),
      );
      const table = createNetblockTable(netblocks.map((netblock, value) => ({ netblock, value })));
      // Half of the addresses are inside of some netblock.
      const words = Array.from({ length: 4096 }, (_, index) => {
        const inside = netblocks[(index * 31) % count];
        if (inside === undefined || index % 2 === 1) return wordsOfSeed(`address ${index}`);
        return insideOf(inside, wordsOfSeed(`host ${index}`));
      });
      const find = (index: number) => table.find(itemOf(words, index))?.value ?? 0;
      report(`look-up among ${count} netblocks, ${kind}`, `${timeOf(find, rounds).toFixed(0)} ns`);
    }
  }
  for (const family of [4, 6] as const) {
    const addresses = Array.from({ length: 4096 }, (_, index) => addressOf(`address ${index}`, family));
    const read = (index: number) => wordsOf(itemOf(addresses, index)).a;
    report(`reading an address, IPv${family}`, `${timeOf(read, rounds).toFixed(0)} ns`);
  }
}

async function benchPlaces(rounds: number): Promise<void> {
  const countryDatabase = fileURLToPath(
    import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'),
  );
  for (const family of [4, 6] as const) {
    for (const [title, networks] of [
      ['networks asked for before', 4096],
      ['always another network', 2 ** 18],
    ] as const) {
      const places = await createMmdbPlaceFinder({ countryDatabase, asnDatabase: undefined, overrides: [] });
      const addresses = Array.from({ length: networks }, (_, index) => addressOf(`place ${index}`, family));
      const find = (index: number) => places.find(itemOf(addresses, index)).source.length;
      report(`country of an address, IPv${family}, ${title}`, `${timeOf(find, rounds).toFixed(0)} ns`);
    }
  }
}

function itemOf<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('there is nothing to measure with');
  return item;
}

const calls = 2 ** 18;

/** Nanoseconds of one call on the processor, whatever else the machine does: the median of some rounds. */
function timeOf(call: (index: number) => number, rounds: number): number {
  const times = Array.from({ length: 2 + rounds * 3 }, () => {
    const began = process.cpuUsage();
    let sum = 0;
    for (let index = 0; index < calls; index += 1) sum += call(index);
    kept = sum;
    const { user, system } = process.cpuUsage(began);
    return ((user + system) * 1000) / calls;
  }).slice(2);
  return median(times);
}

/** What a call's result is added to, so that the compiler leaves the call in. */
let kept = 0;

/** Bytes that one call leaves to the garbage collector: the median of stretches too short for it to run in. */
function allocatedBy(call: (index: number) => number): number {
  const stretch = 64;
  const grown = Array.from({ length: 201 }, (_, round) => {
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < stretch; index += 1) kept += call(round * stretch + index);
    return (process.memoryUsage().heapUsed - before) / stretch;
  });
  return median(grown);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function createTable(elsewhere: number): MirrorTable {
  const others = ['FR', 'US', 'JP', 'BR', 'ZA', 'IN', 'AU', 'PL', 'SE'];
  const mirrors = Array.from({ length: near + elsewhere }, (_, index): Mirror => ({
    id: (index + 1) as MirrorId,
    name: `mirror-${index}`,
    kind: 'public',
    urls: [`https://mirror-${index}.example.org`],
    country: index < near ? 'DE' : (others[index % others.length] ?? 'FR'),
    asns: [64_512 + index],
    netblocks: [],
    weight: 100 + (index % 10) * 100,
    repositories: [],
    onlyCountries: [],
    exceptCountries: [],
    enabled: true,
    approved: true,
  }));
  const state = { healthy: true, since: 0, serial: 1 };
  return createMirrorTable(mirrors, new Map(mirrors.map(({ id }) => [id, state])));
}

function createContent(): PublishedContent {
  const names = Array.from({ length: repositories }, (_, index) => nameOf(index));
  async function* blobs(some = names) {
    yield some.map((repository) => ({
      repository,
      digest: digestOf(repository),
      size: 1_000_000,
      serial: 1,
    }));
  }
  async function* nothing() {}
  const changes = async () => ({ serial: 1, repositories: new Map(names.map((name) => [name, 1])) });
  return { version: async () => 1, changes, tags: nothing, manifests: nothing, blobs };
}

function nameOf(index: number) {
  return parseRepositoryName(`bench/group-${index % 100}/image-${index}`);
}

/** The same address for the same seed, evenly spread over all of them. */
function addressOf(seed: string, family: 4 | 6): IpAddress {
  return formatWords(wordsFrom(seed, family));
}

function netblockOf(seed: string, wordsOfSeed: (seed: string) => AddressWords): Netblock {
  const words = wordsOfSeed(seed);
  // IPv4 /12 to /24, IPv6 /20 to /48.
  const spread = Math.abs(wordsFrom(`${seed} length`, 4).a);
  const length = words.family === 4 ? 12 + (spread % 13) : 20 + (spread % 29);
  return { family: words.family, address: formatWords(maskWords(words, length)), length };
}

/** The netblock's bits, and the rest from `host`. */
function insideOf({ address, length }: Netblock, host: AddressWords): AddressWords {
  const [block, outside] = [wordsOf(address), maskWords(host, length)];
  const join = (word: 'a' | 'b' | 'c' | 'd') => block[word] | (host[word] ^ outside[word]);
  return { family: block.family, a: join('a'), b: join('b'), c: join('c'), d: join('d') };
}

/** In the blocks from which the regional registries give out addresses, which lie far from one another. */
function clusteredWords(seed: string): AddressWords {
  const words = wordsFrom(seed, 6);
  const blocks = [0x2400_0000, 0x2600_0000, 0x2800_0000, 0x2a00_0000, 0x2c00_0000];
  const block = blocks[(words.d >>> 0) % blocks.length] ?? 0;
  return { ...words, a: block | (words.a & 0x000f_ffff) };
}

function wordsFrom(seed: string, family: 4 | 6): AddressWords {
  const hash = createHash('sha256').update(seed).digest();
  const word = (at: number) => hash.readInt32BE(at * 4);
  if (family === 4) return { family, a: word(0), b: 0, c: 0, d: 0 };
  // 2000::/3, where the addresses of the world are.
  return { family, a: (word(0) & 0x1fff_ffff) | 0x2000_0000, b: word(1), c: word(2), d: word(3) };
}
