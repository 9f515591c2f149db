import { join } from 'node:path';
import { describeMissing, repairMarker } from '../../origin/accept/place-publication.ts';
import { makeFolder } from '../../adapters/files/atomic-file.ts';
import { createFileTreeLists } from '../../adapters/tree/file-tree-lists.ts';
import { createEventLoopTurns } from '../../adapters/time/event-loop-turns.ts';
import { createFileMetadataTree } from '../../adapters/tree/file-metadata-tree.ts';
import { watchCrawlFindings } from '../../adapters/mirrors/crawl-findings.ts';
import { createFileTreeReader } from '../../adapters/tree/file-tree-reader.ts';
import { refuseForeignRoot } from '../../adapters/files/folder-owner.ts';
import { type HttpServer, defaultLimits, listenHttp } from '../../adapters/http-server/http-server.ts';
import { type JsonLog, createJsonLog } from '../../adapters/output/json-log.ts';
import { createProcessLock } from '../../adapters/process/process-lock.ts';
import { isReadableFolder } from '../../adapters/tree/readable-folder.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { type Prober, createProber } from '../../server/probe/prober.ts';
import { RetryMemory } from '../../mirrors/retry-memory.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { parseRegistryHost } from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import { createProbeCounts } from '../../server/probe/probe-counts.ts';
import { createRegistry } from '../../server/pull/create-registry.ts';
import { watchMirrors } from '../../server/pull/mirror-watcher.ts';
import { measureSnapshot } from '../../server/pull/snapshot-measurements.ts';
import { createSnapshotWatcher } from '../../server/pull/snapshot-watcher.ts';
import { createStreamSlots, measureStreams } from '../../server/pull/stream-slots.ts';
import type { Config } from '../config/config-schema.ts';
import { readAllowedAddresses, readNetblocks } from '../config/netblock-settings.ts';
import type { ProxyOption } from '../terminal/proxy-option.ts';
import { version } from '../terminal/version.ts';
import { composeAdmin } from './compose-admin.ts';
import { composeContent } from '../records/content.ts';
import { composeCounting } from './compose-counting.ts';
import { composeFrontEnd } from './compose-front-end.ts';
import { createLiveSettings } from './compose-live-settings.ts';
import { composeMetrics } from './compose-metrics.ts';
import { composeProbing } from '../config/probing.ts';
import { openServeStorage } from '../records/storage.ts';
import { composeWebhooks } from './compose-webhooks.ts';

/** The Mirror List, answering. */
export interface RunningServer {
  /** Where it listens: `https://127.0.0.1:5000`. */
  readonly urls: readonly string[];
  /** Where the management API answers. */
  readonly adminUrls: readonly string[];
  /** Where metrics are answered. */
  readonly metricsUrls: readonly string[];
  /**
   * Takes over what can change while it runs: `mirrors`, `places` and the log level. A bad value changes nothing; what
   * else differs is named in the log.
   */
  reload(read: () => Promise<Config>): void;
  /** Stops listening, lets requests under way finish, and ends everything. */
  stop(): Promise<void>;
}

/** Milliseconds of work in the background after which requests get their turn. */
const longestPiece = 2;
/** Milliseconds between looks at the database. */
const pollInterval = 300;

/**
 * Starts the Mirror List. What was started is stopped again when a later part cannot start.
 * @throws SignpostError CONFIG_INVALID, LOCKED, STORAGE
 */
export async function composeServe(config: Config, proxies: ProxyOption = {}): Promise<RunningServer> {
  const clock = createSystemClock();
  const log = createJsonLog(config.log.level, clock);
  await using parts = new AsyncDisposableStack();
  parts.defer(() => log.flush());
  const flush = () => log.flush();
  process.on('exit', flush);
  parts.defer(() => void process.off('exit', flush));

  const live = await createLiveSettings(config, createEventLoopTurns(longestPiece));
  const webhooks = await composeWebhooks(config, proxies);
  const trustedProxies = readNetblocks('registry.trustedProxies', config.registry.trustedProxies);
  const name = parseRegistryHost(config.registry.name);
  refuseForeignRoot(config.data, 'data folder');
  const treeFolder = join(config.data, 'tree');
  await makeFolder(treeFolder, 'everyone');
  parts.use(await createProcessLock(join(config.data, 'locks'), 'serve', clock).acquire('serve'));
  const frontEnd = parts.use(await composeFrontEnd(config, { log, tree: treeFolder, proxies }));
  if (frontEnd === undefined) await repairMarkerIfFree(config, log);

  const database = parts.use(await openServeStorage(config, clock));
  const storage = { ...database, ...frontEnd?.storage };
  const tree = createFileTreeReader(treeFolder);
  const metadataTree = createFileMetadataTree(treeFolder);
  const snapshots = createSnapshotWatcher({
    content: storage.publishedContent,
    log,
    clock,
    pause: createEventLoopTurns(longestPiece),
    interval: pollInterval,
  });
  parts.defer(() => snapshots.stop());
  await (frontEnd?.startWhenKnown(snapshots) ?? snapshots.start());

  const healthBefore = await storage.mirrorStates.load();
  const treeSerial = () => snapshots.current()?.serial ?? 0;
  const probes = createProbeCounts({
    mirrors: () => mirrors.current().mirrors.map(({ mirror }) => mirror),
    states: () => prober.states(),
    treeSerial,
  });
  const prober: Prober = await createProber({
    ...composeProbing(live.probe, live.mirrors, () => snapshots.current()),
    tree,
    clock,
    log,
    states: storage.mirrorStates,
    history: storage.mirrorHistory,
    onProbed: (mirror, finding, now) => probes.note(mirror, finding, now),
  });
  parts.defer(() => prober.stop());
  const mirrors = await watchMirrors({
    registry: storage.mirrorRegistry,
    health: frontEnd?.healthAbove(prober) ?? prober,
    log,
    pause: createEventLoopTurns(longestPiece),
    interval: pollInterval,
    maxShare: () => live.mirrors.maxShare,
  });
  parts.defer(() => mirrors.stop());
  prober.start();
  parts.use(watchCrawlFindings(config.data, (found) => prober.look(found), log));

  let draining = false;
  const counting = parts.use(
    await composeCounting(config, {
      mirrors: () => mirrors.current(),
      states: () => prober.states(),
      treeSerial,
      storage,
      clock,
      log,
    }),
  );
  const retries = new RetryMemory({ window: config.mirrors.retryWindow });
  const originStreams = createStreamSlots(config.registry.originStreams);
  const listener = createRegistry({
    published: {
      snapshot: () => snapshots.current(),
      tree,
      treeLists: createFileTreeLists(treeFolder),
      metadata: metadataTree,
      streams: originStreams,
    },
    routing: { mirrors: () => mirrors.current(), places: live.places, retries, probes: prober },
    watching: {
      log,
      onEnd: counting.onEnd,
      unready: async () => {
        if (draining) return 'shutting down';
        if (snapshots.current() === undefined) return 'nothing is known of the origin yet';
        return (await isReadableFolder(treeFolder)) ? undefined : 'the tree cannot be read';
      },
    },
    clock,
    settings: { ...config.registry, name, trustedProxies },
  });
  const server = await listenHttp(config.registry.listen, listener, log, defaultLimits, trustedProxies);
  parts.defer(() => server.close(config.registry.shutdownGrace));
  const admin: HttpServer | undefined = await composeAdmin(config, {
    registry: database.mirrorRegistry,
    states: async () => prober.states(),
    history: storage.mirrorHistory,
    record: storage.publicationRecord,
    staged: storage.stagedImages,
    tokens: storage.tokens,
    audit: storage.audit,
    statistics: storage.statistics,
    propagation: storage.propagation,
    serial: treeSerial,
    checkedAt: (id) => prober.checkedAt(id),
    report: ({ id }, serial) => ({
      at: clock.now(),
      checked: prober.probeNow(id, serial),
      serial: prober.states().get(id)?.serial ?? 0,
    }),
    webhookSecretOf: webhooks.secretOf,
    clock,
    log,
    trustedProxies,
    allowed: () => readAllowedAddresses({ mirrors: live.mirrors, webhooks: config.webhooks }),
  });
  const adminUrls = admin?.urls ?? [];
  parts.defer(() => admin?.close(config.registry.shutdownGrace));
  const metrics = parts.use(
    await composeMetrics(config, {
      measurements: [
        ...counting.measurements(),
        ...measureSnapshot(snapshots, clock),
        ...measureStreams(originStreams, config.registry.originStreams),
        ...probes.measurements(),
      ],
      storage,
      tree,
      metadataTree,
      clock,
      log,
    }),
  );
  const metricsUrls = metrics?.urls ?? [];
  await webhooks.start({
    outbox: storage.webhookOutbox,
    mirrors: () => mirrors.current().mirrors.map(({ mirror }) => mirror),
    states: () => prober.states(),
    before: healthBefore,
    clock,
    log,
  });
  parts.defer(() => webhooks.stop());
  log.info('serving', { addresses: server.urls, admin: adminUrls, metrics: metricsUrls, version });

  const reload = async (read: () => Promise<Config>) => {
    try {
      const next = await read();
      const restart = await live.take(next);
      retries.setWindow(live.mirrors.retryWindow);
      log.setLevel(next.log.level);
      log.info(
        'configuration read again: the settings of mirrors, geolocation and the log level are in effect',
      );
      if (restart.length > 0) log.warn('some settings that changed need a restart', { settings: restart });
    } catch (error) {
      log.error('configuration not read again: the old one stays', { error });
    }
  };
  let reloaded = Promise.resolve();
  const running = parts.move();
  return {
    urls: server.urls,
    adminUrls,
    metricsUrls,
    reload(read) {
      // One after the other: the last one counts.
      reloaded = reloaded.then(() => reload(read));
    },
    async stop() {
      draining = true;
      log.info('stopping');
      await reloaded;
      await running.disposeAsync();
    },
  };
}

/** After a crash in the middle of an accept. One that is running now brings the marker up to date itself. */
async function repairMarkerIfFree(config: Config, log: JsonLog): Promise<void> {
  try {
    await using content = await composeContent(config, 'serve');
    await using _held = await content.lock.acquire(contentLock);
    const repaired = await repairMarker(content);
    if (repaired === 'repaired') {
      log.warn('publication.json was behind the database, and has been brought up to date');
    } else if (repaired !== 'right') {
      log.error(describeMissing(repaired.missing));
    }
  } catch (error) {
    if (!isSignpostError(error, 'LOCKED')) throw error;
  }
}
