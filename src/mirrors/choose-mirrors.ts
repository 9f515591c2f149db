import { type AddressWords, wordsOf } from './address.ts';
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
import type { MirrorTable } from './mirror-table.ts';
import type { NearnessOrder } from './nearness.ts';
import type { Place } from './place.ts';
import { type RequestHash, hashRequest, scoreOf } from './rendezvous.ts';

/** How a mirror came to be chosen: the first of these in which an eligible mirror is found goes first. */
export type Tier = 'netblock' | 'asn' | 'country' | 'continent' | 'anywhere';

export interface RankedMirror {
  readonly mirror: Mirror;
  readonly tier: Tier;
  /** From the client in km, in the tiers that go by distance and when both places are known. */
  readonly distance?: number;
  /** The part, from 0 to 1, of the blobs for which it goes first among the equals of its tier (or distance band). */
  readonly share: number;
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
    hash: hashRequest(words, blob.digest),
    limit,
    ranked: [],
    rejected: [],
    seen: undefined,
  };
  lookAtTiers(search, words);
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
  if (code !== undefined) rankGroup(search, table.byCountry.get(code) ?? [], 'country');
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
  readonly limit: number;
  readonly ranked: RankedMirror[];
  readonly rejected: RejectedMirror[];
  /** Mirrors of the netblock and ASN tiers; those of later tiers are told apart by country and continent. */
  seen: Set<CompiledMirror> | undefined;
}

function isDone(search: Search): boolean {
  return search.ranked.length >= search.limit;
}

function see(search: Search, group: readonly CompiledMirror[]): void {
  search.seen ??= new Set();
  for (const mirror of group) search.seen.add(mirror);
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
  group: readonly CompiledMirror[],
  tier: Tier,
  order?: NearnessOrder,
  belongs?: (mirror: CompiledMirror) => boolean,
): void {
  const { table, request, hash, ranked, rejected, seen } = search;
  const wanted = search.limit - ranked.length;
  const best: CompiledMirror[] = [];
  const scores: number[] = [];
  let weights = 0;
  for (const candidate of group) {
    if (seen?.has(candidate) === true || belongs?.(candidate) === false) continue;
    const state = table.states[candidate.index];
    const reason = rejectionOf(candidate, state, request, tier === 'netblock');
    if (reason !== undefined) {
      rejected.push(reject(reason, candidate, state, request));
      continue;
    }
    const { weight } = candidate.mirror;
    weights += weight;
    const floor = best.length < wanted ? 0 : (scores[wanted - 1] ?? 0);
    const score = scoreOf(candidate.hash, hash, weight, floor);
    if (score > floor) insertBest(best, scores, candidate, score, wanted);
  }
  for (const candidate of best) {
    const { mirror } = candidate;
    const distance = order?.distanceTo(candidate);
    const share = mirror.weight / weights;
    ranked.push(distance === undefined ? { mirror, tier, share } : { mirror, tier, distance, share });
  }
}

/** Keeps the `wanted` best, the highest score first. Groups come in the order of numbers, which settles equal scores. */
function insertBest(
  best: CompiledMirror[],
  scores: number[],
  candidate: CompiledMirror,
  score: number,
  wanted: number,
): void {
  let at = scores.length;
  while (at > 0 && score > (scores[at - 1] ?? 0)) at -= 1;
  scores.splice(at, 0, score);
  best.splice(at, 0, candidate);
  if (scores.length > wanted) {
    scores.pop();
    best.pop();
  }
}
