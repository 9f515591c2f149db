import { join } from 'node:path';
import { z } from 'zod';
import type { MirrorId } from '../../mirrors/mirror.ts';
import type { Log } from '../../ports/log.ts';
import type { StoredMirrorState } from '../../ports/mirror-states.ts';
import { makeFolder, statIfThere } from '../files/atomic-file.ts';
import { readMirrorState } from '../db/tables/mirror-states.ts';
import { readStateFile, writeStateFile } from '../files/state-file.ts';

/** How a crawl found mirrors of which the running server thinks otherwise. */
export type CrawlFindings = ReadonlyMap<MirrorId, StoredMirrorState>;

const limit = 4 * 1024 * 1024;
/** How many are told at most: the server finds out about others by itself. */
const findingsLimit = 1000;
const interval = 1000;
const schema = z.object({
  mirrors: z.array(z.object({ id: z.int().min(1), state: z.unknown() })).max(findingsLimit),
});

function fileIn(data: string): string {
  return join(data, 'crawl', 'findings.json');
}

/** Leaves findings in the data folder for the server that runs on it. Throws SignpostError STORAGE. */
export async function tellCrawlFindings(data: string, findings: CrawlFindings): Promise<void> {
  await makeFolder(join(data, 'crawl'), 'owner');
  const mirrors = [...findings].slice(0, findingsLimit).map(([id, state]) => ({ id, state }));
  await writeStateFile(fileIn(data), { mirrors });
}

/** Looks each second for findings that are new; `take` gets each once. What cannot be read is told in the log. */
export function watchCrawlFindings(
  data: string,
  take: (findings: CrawlFindings) => void,
  log: Log,
): AsyncDisposable {
  const file = fileIn(data);
  const writtenAt = () => statIfThere(file)?.mtimeMs;
  // What was left before this server began it has found out itself.
  let seen = writtenAt();
  let reading: Promise<void> | undefined;
  const look = async () => {
    try {
      const written = writtenAt();
      if (written === undefined || written === seen) return;
      seen = written;
      const found = await readStateFile(file, { schema, limit, holds: 'what a crawl found' });
      take(
        new Map(
          (found?.mirrors ?? []).flatMap(({ id, state }) => {
            const read = readMirrorState(JSON.stringify(state));
            return read === undefined ? [] : [[id as MirrorId, read] as const];
          }),
        ),
      );
    } catch (error) {
      log.warn('what a crawl found cannot be read', { error });
    }
  };
  const timer = setInterval(() => {
    reading ??= look().finally(() => {
      reading = undefined;
    });
  }, interval).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await reading;
    },
  };
}
