import type { AskedPart } from '../../mirrors/blob-reader.ts';
import type { ClientConnection } from '../../mirrors/client-connection.ts';
import { type RankedMirror, chooseMirrors } from '../../mirrors/choose-mirrors.ts';
import type { Client, RejectedMirror } from '../../mirrors/eligibility.ts';
import type { MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorTable } from '../../mirrors/mirror-table.ts';
import type { RetryMemory } from '../../mirrors/retry-memory.ts';
import type { Digest } from '../../oci/digest.ts';
import { asksForSeveral, parseRange } from '../../oci/range.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { accepts } from './accept.ts';
import { metalinkType } from './format-metalink.ts';
import type { BlobEntry } from './published-repository.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';

/** The bytes of a blob; the mirrors that have them, to choose among (RFC 5854); or why which mirror is chosen. */
export type BlobForm = 'bytes' | 'metalink' | 'trace';

/** A request for a blob. */
export interface BlobRequest {
  readonly method: 'GET' | 'HEAD';
  /** Whether the path asks for the bytes, or to be told where they are. */
  readonly form: BlobForm;
  /** The Accept header, which may ask for a Metalink too. */
  readonly accept?: string | undefined;
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly client: Client;
  /** The User-Agent, and the connection where it is the client's own: they tell clients behind one address apart. */
  readonly agent?: string | undefined;
  readonly connection?: ClientConnection | undefined;
  /** The Range header. */
  readonly range: string | undefined;
  /** Milliseconds of a monotonic clock. */
  readonly now: number;
}

/** What a route is chosen from. The retry memory is asked, and counts what it lets through to the origin. */
export interface BlobRouting {
  readonly snapshot: RoutingSnapshot;
  readonly mirrors: MirrorTable;
  readonly retries: RetryMemory;
  /** Bytes. */
  readonly inlineSize: number;
  /** How many mirrors are named beside the one that is chosen. */
  readonly alternatives: number;
}

/** What becomes of a request for a blob. docs/request-handling.md draws it; a test keeps the two the same. */
export type BlobRoute =
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'metalink'; readonly blob: BlobEntry; readonly ranked: readonly RankedMirror[] }
  | {
      readonly outcome: 'traced';
      readonly blob: BlobEntry;
      readonly ranked: readonly RankedMirror[];
      readonly rejected: readonly RejectedMirror[];
    }
  | { readonly outcome: 'described'; readonly blob: BlobEntry }
  | { readonly outcome: 'in-place'; readonly blob: BlobEntry }
  | {
      readonly outcome: 'redirected';
      readonly blob: BlobEntry;
      readonly target: RankedMirror;
      /** The target first. */
      readonly ranked: readonly RankedMirror[];
      readonly rejected: readonly RejectedMirror[];
      readonly tried: readonly MirrorId[];
      readonly suspect: MirrorId | undefined;
      /** Undefined when the whole is asked for. */
      readonly part: AskedPart | undefined;
    }
  | {
      readonly outcome: 'from-origin-asked-again' | 'from-origin-without-mirror';
      readonly blob: BlobEntry;
      readonly rejected: readonly RejectedMirror[];
      readonly tried: readonly MirrorId[];
      readonly suspect: MirrorId | undefined;
      /** Undefined when the whole is asked for. */
      readonly part: AskedPart | undefined;
    };

/** How many mirrors a Metalink names. */
const metalinkLimit = 16;

/** Decides what becomes of a request for a blob, from top to bottom. */
export function routeBlob(request: BlobRequest, routing: BlobRouting): BlobRoute {
  const { repository, digest, client } = request;
  const { mirrors, retries } = routing;

  const blob = routing.snapshot.findBlob(repository, digest);
  if (blob === undefined) return { outcome: 'unknown' };

  const severalParts = asksForSeveral(request.range);
  const wanted = { repository, digest, serial: blob.serial, severalParts };

  // The client chooses among the mirrors itself.
  if (request.form === 'metalink' || (request.form === 'bytes' && wantsMetalink(request.accept))) {
    const { ranked } = chooseMirrors(mirrors, client, wanted, [], metalinkLimit);
    return { outcome: 'metalink', blob, ranked };
  }

  // Every mirror is looked at, and nothing is counted.
  if (request.form === 'trace') {
    const { ranked, rejected } = chooseMirrors(mirrors, client, wanted, [], Infinity);
    return { outcome: 'traced', blob, ranked, rejected };
  }

  // A failing HEAD at a mirror is fatal to docker, and the size is known here (docs/adr/0004).
  if (request.method === 'HEAD') return { outcome: 'described', blob };

  // A small blob costs less to send than to send for.
  if (blob.size <= routing.inlineSize) return { outcome: 'in-place', blob };

  const part = request.range === undefined ? undefined : partOf(request.range, blob.size);
  const { agent, connection, now } = request;
  const asked = { address: client.address, agent, connection, digest, part, now };
  const { tried, suspect, toOrigin } = retries.ask(asked);

  // It has been sent to several mirrors, and asks again.
  if (toOrigin) {
    return { outcome: 'from-origin-asked-again', blob, rejected: [], tried, suspect, part };
  }

  const limit = 1 + routing.alternatives;
  let { ranked, rejected } = chooseMirrors(mirrors, client, wanted, tried, limit);

  // It has been to every mirror that there is for it: the origin helps, or the round begins again.
  if (ranked.length === 0 && tried.length > 0) {
    if (retries.exhausted(asked)) {
      return { outcome: 'from-origin-asked-again', blob, rejected, tried, suspect, part };
    }
    ({ ranked, rejected } = chooseMirrors(mirrors, client, wanted, [], limit));
  }

  const target = ranked[0];
  if (target === undefined) {
    return { outcome: 'from-origin-without-mirror', blob, rejected, tried, suspect, part };
  }
  return { outcome: 'redirected', blob, target, ranked, rejected, tried, suspect, part };
}

/** The type must be named: nobody who takes anything wants this instead of the blob. */
function wantsMetalink(accept: string | undefined): boolean {
  return accept?.includes('metalink4+xml') === true && accepts(accept, metalinkType);
}

function partOf(header: string, size: number): AskedPart | undefined {
  const asked = parseRange(header, size);
  const range = asked.kind === 'part' ? asked.range : asked.kind === 'parts' ? asked.ranges[0] : undefined;
  if (range === undefined) return undefined;
  // Several parts are never the rest of what broke off.
  if (asked.kind === 'parts') return { start: range.start, toEnd: false };
  const { start, end } = range;
  return { start, toEnd: end === size - 1 };
}
