import type { RankedMirror } from '../../mirrors/choose-mirrors.ts';
import type { MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorTable } from '../../mirrors/mirror-table.ts';
import type { RetryMemory } from '../../mirrors/retry-memory.ts';
import type { Netblock } from '../../net/address.ts';
import type { RegistryHost } from '../../oci/reference.ts';
import type { MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import type { ProbeTarget, FailureReport } from '../../ports/mirror-probe.ts';
import type { PlaceFinder } from '../../ports/place-finder.ts';
import type { TreeLists } from '../../ports/tree-lists.ts';
import type { TreeReader } from '../../ports/tree.ts';
import type { Exchange, Handled } from './exchange.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';
import type { StreamSlots } from './stream-slots.ts';

/** What the pull API answers from. */
export interface RegistryDeps {
  readonly published: PublishedDeps;
  readonly routing: RoutingDeps;
  readonly watching: WatchingDeps;
  readonly settings: RegistrySettings;
  readonly clock: MonotonicClock;
}

/** What is published, and the bytes of it. */
interface PublishedDeps {
  /** The newest one. Undefined until the first is compiled. */
  readonly snapshot: () => RoutingSnapshot | undefined;
  readonly tree: TreeReader;
  readonly treeLists: TreeLists;
  readonly metadata: Pick<MetadataTree, 'read'>;
  /** What the origin may send at once. */
  readonly streams: StreamSlots;
}

/** What a client is sent to a mirror by. */
export interface RoutingDeps {
  /** The newest table. */
  readonly mirrors: () => MirrorTable;
  readonly places: PlaceFinder;
  readonly retries: RetryMemory;
  readonly probes: TrafficListener;
}

/** Who is told of requests, and who says whether there should be any. */
export interface WatchingDeps {
  readonly log: Log;
  /** Told of every exchange once it has ended, for counts. Cheap, and returns at once. */
  readonly onEnd?: (exchange: Exchange, handled: Handled) => void;
  /** Why this server should get no requests now; undefined when it should. */
  readonly unready: () => Promise<string | undefined>;
}

/** Who is told where clients are sent; both calls are cheap and return at once. */
interface TrafficListener {
  /** `ranked`: the mirror, and those that the client would be sent to without it. */
  onSent(mirror: MirrorId, target: ProbeTarget, ranked?: readonly RankedMirror[]): void;
  onSuspect(mirror: MirrorId, failureReport: FailureReport): void;
}

export interface RegistrySettings {
  /** Under which clients pull, whatever their requests say: absolute URLs that lead here are made of it. */
  readonly name: RegistryHost;
  /** Blobs of this many bytes and fewer are served in place. */
  readonly inlineSize: number;
  /** How many mirrors the Link header names beside the chosen one. */
  readonly alternatives: number;
  readonly trustedProxies: readonly Netblock[];
  /** Whether tags that carry signatures are listed without being asked for. */
  readonly listArtifactTags: boolean;
}
