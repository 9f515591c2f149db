import { type AddressWords, wordsOf } from '../net/address.ts';
import type { CompiledMirror } from './compiled-mirror.ts';
import { findCountry } from './countries.ts';
import type { Coordinates } from './distance.ts';
import {
  type Client,
  type RejectedMirror,
  type Request,
  type WantedBlob,
  reject,
  rejectionOf,
} from './eligibility.ts';
import type { Mirror, MirrorId } from './mirror.ts';
import { openingFor } from './mirror-columns.ts';
import { type MirrorGroup, type MirrorTable, emptyGroup } from './mirror-table.ts';
import type { NearnessOrder } from './nearness.ts';
import type { Place } from './place.ts';
import { type RequestHash, hashRequest, meetingOf, scoreOf } from './rendezvous.ts';
import { usableUrl } from './usable-url.ts';

/** How a mirror came to be chosen: the first of these in which an eligible mirror is found goes first. */
export type Tier = 'netblock' | 'asn' | 'country' | 'continent' | 'anywhere';

export interface RankedMirror {
  readonly mirror: Mirror;
  /** The one of its URLs that this client can use. */
  readonly url: string;
  readonly tier: Tier;
  /** From the client in km, in the tiers that go by distance and when both places are known. */
  readonly distance?: number;
  /**
   * The part, from 0 to 1, of the blobs for which it goes first among the equals of its tier (or distance band); at most
   * its greatest share.
   */
  readonly share: number;
  /** What its weight counts here, where that is less than the operator gave it: it answers slowly. */
  readonly slowWeight?: number;
}

/** The mirrors to send the client to, best first, and those looked at that cannot be had. */
export interface Choice {
  readonly ranked: readonly RankedMirror[];
  readonly rejected: readonly RejectedMirror[];
}

/**
 * Ranks mirrors for a client and a blob (design: "Choosing a mirror"). Looks at one tier after the other, and inside
 * the last two at one distance band after the other, until `limit` mirrors are ranked. A mirror counts in the first
 * tier that it is in. With `limit` k the ranking is the first k of the ranking without limit.
 * @param tried mirrors that this client was just sent to for this blob
 * @param limit how many mirrors are wanted; Infinity looks at every mirror
 */
export function chooseMirrors(
  table: MirrorTable,
  client: Client,
  blob: WantedBlob,
  tried: readonly MirrorId[],
  limit: number,
): Choice {
  const words = wordsOf(client.address);
  const search: Search = {
    table,
    request: { client, family: words.family, blob, tried },
    picky: tried.length > 0 || client.avoided !== undefined || blob.severalParts === true,
    opening: openingFor({ family: words.family, secure: client.secure }),
    hash: hashRequest(words, blob.digest),
    limit,
    ranked: [],
    rejected: [],
    passedOver: [],
    seen: undefined,
  };
  lookAtTiers(search, words);
  for (const group of search.passedOver) rankPassedOver(search, group);
  return { ranked: search.ranked, rejected: search.rejected };
}

function lookAtTiers(search: Search, words: AddressWords): void {
  const { table, request } = search;
  const { place } = request.client;
  for (let match = table.byNetblock.find(words); match !== undefined; match = match.wider) {
    if (isDone(search)) return;
    rankGroup(search, match.value, 'netblock');
    see(search, match.value);
  }
  if (isDone(search)) return;
  const sameAsn = place.asn === undefined ? undefined : table.byAsn.get(place.asn);
  if (sameAsn !== undefined) {
    rankGroup(search, sameAsn, 'asn');
    see(search, sameAsn);
    if (isDone(search)) return;
  }
  const code = place.country;
  if (code !== undefined) rankGroup(search, table.byCountry.get(code) ?? emptyGroup, 'country');
  if (isDone(search)) return;
  const country = code === undefined ? undefined : findCountry(code);
  const continent = country?.continent ?? place.continent;
  const order = table.byNearness(locate(place) ?? country);
  if (continent !== undefined) {
    rankBands(
      search,
      order,
      'continent',
      (its) => its.continent === continent && its.mirror.country !== code,
    );
  }
  rankBands(
    search,
    order,
    'anywhere',
    (its) => (continent === undefined || its.continent !== continent) && its.mirror.country !== code,
  );
}

interface Search {
  readonly table: MirrorTable;
  readonly request: Request;
  readonly hash: RequestHash;
  /** Some mirrors are not wanted, whatever they are. */
  readonly picky: boolean;
  /** What the columns must say of a mirror that is open to this client. */
  readonly opening: number;
  readonly limit: number;
  readonly ranked: RankedMirror[];
  readonly rejected: RejectedMirror[];
  /** Mirrors that would take more than their greatest share: they come behind all others. */
  readonly passedOver: PassedOver[];
  /** Indexes of the mirrors of the netblock and ASN tiers; those of later tiers are told apart by country and continent. */
  seen: Set<number> | undefined;
}

/** Those of one group. */
interface PassedOver {
  readonly indexes: readonly number[];
  readonly tier: Tier;
  readonly order: NearnessOrder | undefined;
  /** The weight of the whole group. */
  readonly total: number;
}

function isDone(search: Search): boolean {
  return search.ranked.length >= search.limit;
}

function see(search: Search, group: MirrorGroup): void {
  search.seen ??= new Set();
  for (const index of group) search.seen.add(index);
}

function locate({ latitude, longitude }: Place): Coordinates | undefined {
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude };
}

function rankBands(
  search: Search,
  order: NearnessOrder,
  tier: Tier,
  belongs: (mirror: CompiledMirror) => boolean,
): void {
  for (const band of order.bands) {
    if (isDone(search)) return;
    rankGroup(search, band, tier, order, belongs);
  }
}

/** Ranks the eligible mirrors of one group behind those already ranked. */
function rankGroup(
  search: Search,
  group: MirrorGroup,
  tier: Tier,
  order?: NearnessOrder,
  belongs?: (mirror: CompiledMirror) => boolean,
): void {
  const { table, hash } = search;
  const { hashes, weights } = table.columns;
  const wanted = search.limit - search.ranked.length;
  // Whom a mirror serves first of all, it serves alone.
  const maxShare = tier === 'netblock' ? 1 : table.maxShare;
  let passedOver: number[] | undefined;
  const best: number[] = [];
  const scores: number[] = [];
  let total = 0;
  for (const index of group) {
    if (!isEligible(search, index, tier, belongs)) continue;
    const weight = weights[index] ?? 0;
    total += weight;
    if (maxShare < 1 && meetingOf(hashes[index] ?? 0, hash) >= maxShare) {
      (passedOver ??= []).push(index);
      continue;
    }
    const floor = best.length < wanted ? 0 : (scores[wanted - 1] ?? 0);
    const score = scoreOf(hashes[index] ?? 0, hash, weight, floor);
    if (score > floor) insertBest(best, scores, index, score, wanted);
  }
  rankInOrder(search, best, { tier, order, total });
  if (passedOver !== undefined) search.passedOver.push({ indexes: passedOver, tier, order, total });
}

/** Weights do not count here: each is as likely as the others to get what nobody else may take. */
function rankPassedOver(search: Search, group: PassedOver): void {
  if (isDone(search)) return;
  const { hash, table } = search;
  const wanted = search.limit - search.ranked.length;
  const best: number[] = [];
  const scores: number[] = [];
  for (const index of group.indexes) {
    const score = 1 / meetingOf(table.columns.hashes[index] ?? 0, hash);
    if (best.length < wanted || score > (scores[wanted - 1] ?? 0)) {
      insertBest(best, scores, index, score, wanted);
    }
  }
  rankInOrder(search, best, group);
}

function rankInOrder(
  search: Search,
  indexes: readonly number[],
  { tier, order, total }: Pick<PassedOver, 'tier' | 'order' | 'total'>,
): void {
  const { table, ranked } = search;
  for (const index of indexes) {
    const candidate = table.mirrors[index];
    if (candidate === undefined) continue;
    const { mirror } = candidate;
    const url = urlFor(search, candidate);
    const distance = order?.distanceTo(candidate);
    const weight = table.columns.weights[index] ?? 0;
    const share = tier === 'netblock' ? weight / total : Math.min(weight / total, table.maxShare);
    const found =
      distance === undefined ? { mirror, url, tier, share } : { mirror, url, tier, share, distance };
    ranked.push(weight < mirror.weight ? { ...found, slowWeight: weight } : found);
  }
}

/** An eligible mirror has a URL for the client. */
function urlFor({ table, request }: Search, candidate: CompiledMirror): string {
  const [first, second] = candidate.mirror.urls;
  if (second === undefined) return first;
  const connection = { family: request.family, secure: request.client.secure };
  return usableUrl(candidate, table.states[candidate.index], connection) ?? first;
}

function isEligible(
  search: Search,
  index: number,
  tier: Tier,
  belongs: ((mirror: CompiledMirror) => boolean) | undefined,
): boolean {
  const { table, request, opening, seen } = search;
  const { open, serials } = table.columns;
  // Nearly every mirror is open to everybody, and nothing more has to be known of it.
  const isOpen = ((open[index] ?? 0) & opening) === opening && (serials[index] ?? 0) >= request.blob.serial;
  if (isOpen && seen === undefined && belongs === undefined && !search.picky) return true;
  const candidate = table.mirrors[index];
  if (candidate === undefined || seen?.has(index) === true || belongs?.(candidate) === false) return false;
  const state = table.states[index];
  const reason = rejectionOf(candidate, state, request, tier === 'netblock');
  if (reason === undefined) return true;
  search.rejected.push(reject(reason, candidate, state, request));
  return false;
}

/** Keeps the `wanted` best, the highest score first. Groups come in the order of numbers, which settles equal scores. */
function insertBest(best: number[], scores: number[], index: number, score: number, wanted: number): void {
  let at = Math.min(scores.length, wanted - 1);
  for (; at > 0 && score > (scores[at - 1] ?? 0); at -= 1) {
    scores[at] = scores[at - 1] ?? 0;
    best[at] = best[at - 1] ?? 0;
  }
  scores[at] = score;
  best[at] = index;
}
