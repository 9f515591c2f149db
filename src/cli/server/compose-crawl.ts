import { join } from 'node:path';
import { setImmediate as pause } from 'node:timers/promises';
import { tellCrawlFindings } from '../../adapters/mirrors/crawl-findings.ts';
import { createFileTreeReader } from '../../adapters/tree/file-tree-reader.ts';
import { createProcessLock } from '../../adapters/process/process-lock.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { type CrawledMirror, type CrawlOptions, crawlOnce } from '../../server/probe/crawl-once.ts';
import { isSignpostError } from '../../oci/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { compileSnapshot } from '../../server/pull/compile-snapshot.ts';
import type { Config } from '../config/config-schema.ts';
import { refuseFrontEnd } from '../config/refuse-front-end.ts';
import { composeProbe, composeProbing } from '../config/probing.ts';
import { findMirror } from '../records/mirror-records.ts';
import { openStorage } from '../records/storage.ts';
import { type Storage } from '../../ports/storage.ts';

export interface CrawlResult {
  readonly mirrors: readonly CrawledMirror[];
  /** Whether it was kept. A running server keeps what it finds itself, and knows more. */
  readonly saved: boolean;
  /** Mirrors of which a running server thinks otherwise: it was told, and looks itself. */
  readonly told: number;
}

/**
 * Visits mirrors once: those named, or all that are enabled.
 * @throws SignpostError NOT_FOUND for a name that no mirror has; CONFIG_INVALID, STORAGE
 */
export async function composeCrawl(
  config: Config,
  names: readonly string[],
  options: CrawlOptions,
): Promise<CrawlResult> {
  refuseFrontEnd(config);
  const clock = createSystemClock();
  await using storage = await openStorage(config, clock);
  const all = await storage.mirrorRegistry.list();
  const named = new Set(names.map((name) => findMirror(all, name)));
  const mirrors = all.filter((mirror) => (names.length === 0 ? mirror.enabled : named.has(mirror)));
  const snapshot = await compileSnapshot(storage.publishedContent, undefined, () => pause());
  const deps = {
    ...composeProbing(composeProbe(config), config.mirrors, () => snapshot),
    tree: createFileTreeReader(join(config.data, 'tree')),
    clock,
  };
  const crawled = await crawlOnce(deps, mirrors, await storage.mirrorStates.load(), options);
  const saved = await saveUnlessServing(config, storage, clock, crawled);
  return { mirrors: crawled, saved, told: saved ? 0 : await tellServer(config, storage, crawled) };
}

async function tellServer(
  config: Config,
  storage: Storage,
  crawled: readonly CrawledMirror[],
): Promise<number> {
  const states = await storage.mirrorStates.load();
  const different = crawled.filter(({ mirror, state }) => {
    const known = states.get(mirror.id);
    return known?.healthy !== state.healthy || (state.healthy && known.serial !== state.serial);
  });
  const findings = new Map(different.map(({ mirror, state }) => [mirror.id, state]));
  if (findings.size > 0) await tellCrawlFindings(config.data, findings);
  return findings.size;
}

async function saveUnlessServing(
  config: Config,
  storage: Storage,
  clock: Clock,
  crawled: readonly CrawledMirror[],
): Promise<boolean> {
  try {
    await using _held = await createProcessLock(join(config.data, 'locks'), 'crawl', clock).acquire('serve');
    await storage.mirrorStates.save(new Map(crawled.map(({ mirror, stored }) => [mirror.id, stored])));
    await storage.mirrorHistory.add(crawled.flatMap(({ events }) => events));
    return true;
  } catch (error) {
    if (isSignpostError(error, 'LOCKED')) return false;
    throw error;
  }
}
