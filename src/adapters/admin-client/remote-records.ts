import { z } from 'zod';
import { mirrorEventKinds } from '../../mirrors/mirror-events.ts';
import { SignpostError } from '../../oci/errors.ts';
import { showLines } from '../../oci/show-value.ts';
import type { AuditEntry, AuditLog } from '../../ports/audit-log.ts';
import type { StoredMirrorEvent } from '../../ports/mirror-history.ts';
import type { PropagationSample } from '../../ports/propagation.ts';
import type { StatisticDimension, StatisticSum } from '../../ports/statistics.ts';
import type { AdminClient } from './admin-client.ts';

/** What a server far away has written down, over its management API. */
export interface RemoteRecords {
  readonly audit: Pick<AuditLog, 'read'>;
  /** What happened to the mirror of that name, the newest first. */
  history(name: string, limit: number): Promise<readonly RemoteEvent[]>;
  /** `since` is a day; a server gives 500 sums at most. */
  statistics(query: {
    readonly by: StatisticDimension | 'day';
    readonly since: string;
    readonly limit: number;
  }): Promise<readonly StatisticSum[]>;
  /** Of the newest publications; a server tells of 50 at most. */
  propagation(serials: number): Promise<readonly PropagationSample[]>;
}

type RemoteEvent = Omit<StoredMirrorEvent, 'mirror'>;

/** The API answers with so many of anything at once. */
const remoteLimit = 500;
const remoteSerials = 50;

const time = z.iso.datetime().transform((text) => Date.parse(text));
const count = z.int().min(0);
const value = z.record(z.string(), z.unknown()).exactOptional();
const auditPage = z.object({
  entries: z
    .array(
      z.object({
        number: z.int().min(1),
        at: time,
        who: z.string(),
        action: z.string(),
        subject: z.string(),
        before: value,
        after: value,
      }),
    )
    .max(remoteLimit),
});
const historyPage = z.object({
  events: z
    .array(z.object({ number: z.int().min(1), at: time, kind: z.enum(mirrorEventKinds), detail: z.string() }))
    .max(remoteLimit),
  next: z.int().min(1).optional(),
});
const sums = z.object({
  sums: z.array(z.object({ of: z.string(), pulls: count, blobs: count, bytes: count })).max(remoteLimit),
});
const samples = z.object({
  samples: z.array(z.object({ serial: count, at: time, holding: count, mirrors: count })),
});

/** Everything rejects with SignpostError: what the server says, or UNAVAILABLE. */
export function createRemoteRecords(ask: AdminClient): RemoteRecords {
  const get = async <T>(schema: z.ZodType<T>, path: string): Promise<T> => {
    const { body } = await ask({ method: 'GET', path });
    const read = schema.safeParse(body);
    if (read.success) return read.data;
    throw new SignpostError(
      'UNAVAILABLE',
      `the server's answer cannot be understood: ${showLines(z.prettifyError(read.error))}`,
    );
  };
  return {
    audit: {
      async read(limit, before): Promise<readonly AuditEntry[]> {
        const from = before === undefined ? '' : `&before=${before}`;
        return (await get(auditPage, `/audit?limit=${Math.min(limit, remoteLimit)}${from}`)).entries;
      },
    },
    async history(name, limit) {
      const found: RemoteEvent[] = [];
      let before = '';
      while (found.length < limit) {
        const size = Math.min(limit - found.length, remoteLimit);
        const path = `/mirrors/${encodeURIComponent(name)}/history?limit=${size}${before}`;
        const { events, next } = await get(historyPage, path);
        found.push(...events.map(({ number, ...event }) => ({ id: number, ...event })));
        if (next === undefined || events.length === 0) break;
        before = `&before=${next}`;
      }
      return found;
    },
    async statistics({ by, since, limit }) {
      refuseAbove(remoteLimit, limit, 'rows');
      return (await get(sums, `/statistics?by=${by}&since=${since}&limit=${limit}`)).sums;
    },
    async propagation(serials) {
      refuseAbove(remoteSerials, serials, 'publications');
      return (await get(samples, `/propagation?serials=${serials}`)).samples;
    },
  };
}

function refuseAbove(most: number, limit: number, what: string): void {
  if (limit <= most) return;
  throw new SignpostError('USAGE', `--limit is ${limit}: a server gives at most ${most} ${what}`);
}
