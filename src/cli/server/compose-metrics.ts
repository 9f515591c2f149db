import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpServer, defaultLimits, listenHttp } from '../../adapters/http-server/http-server.ts';
import { createEventLoopTurns } from '../../adapters/time/event-loop-turns.ts';
import { createMetricsListener } from '../../adapters/output/prometheus.ts';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Measurement } from '../../ports/measurement.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import type { TreeReader } from '../../ports/tree.ts';
import { createFreshness } from '../../origin/status/freshness.ts';
import type { Config } from '../config/config-schema.ts';
import type { ServeStorage } from '../../ports/storage.ts';
import { composeTerms } from '../trust/terms.ts';

/** Milliseconds between readings of how long everything lives. */
const freshnessInterval = 5 * 60_000;

/** Milliseconds of collecting after which pulls get their turn. */
const longestPiece = 2;
/** Metrics are collected by few. */
const limits = { ...defaultLimits, maxConnections: 100 };

/** Where metrics are answered. */
export interface Metrics extends AsyncDisposable {
  readonly urls: readonly string[];
}

/**
 * Answers metrics, if that is configured: what is handed in, and how long everything lives.
 * @throws SignpostError CONFIG_INVALID
 */
export async function composeMetrics(
  config: Config,
  deps: {
    readonly measurements: readonly Measurement[];
    readonly storage: Pick<ServeStorage, 'publications' | 'publishedContent'>;
    readonly tree: TreeReader;
    readonly metadataTree: MetadataTree;
    readonly clock: Clock & MonotonicClock;
    readonly log: Log;
  },
): Promise<Metrics | undefined> {
  if (config.metrics.listen.length === 0) return undefined;
  const { storage, tree, metadataTree, clock, log } = deps;
  const sources = { treeReader: tree, publications: storage.publications };
  const freshness = createFreshness({
    ...composeTerms(config, { ...sources, metadataTree, clock }),
    publishedContent: storage.publishedContent,
    clock,
    log,
    rest: (milliseconds, signal) => sleep(milliseconds, undefined, { signal, ref: false }),
    interval: freshnessInterval,
  });
  freshness.start();
  let server: HttpServer;
  try {
    const measurements = [...deps.measurements, ...freshness.measurements()];
    const listener = createMetricsListener(measurements, log, createEventLoopTurns(longestPiece));
    server = await listenHttp(config.metrics.listen, listener, log, limits);
  } catch (error) {
    await freshness.stop();
    throw error;
  }
  return {
    urls: server.urls.map((url) => `${url}/metrics`),
    async [Symbol.asyncDispose]() {
      await server.close(0);
      await freshness.stop();
    },
  };
}
