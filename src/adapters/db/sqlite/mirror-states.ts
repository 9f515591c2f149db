import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { type Digest, isDigest } from '../../../oci/digest.ts';
import { type RepositoryName, isRepositoryName } from '../../../oci/reference.ts';
import type { MirrorId } from '../../../mirrors/mirror.ts';
import type { MirrorStates, StoredMirrorState } from '../../../ports/mirror-states.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';

/** The mirrors' health in the database: a state is JSON, so that a new property needs no new column. */
export function createMirrorStates(database: DatabaseSync): MirrorStates {
  const list = database.prepare('SELECT mirror, state FROM mirror_states');
  // A mirror may have been removed while its last probe ran.
  const put = database.prepare(
    `INSERT INTO mirror_states (mirror, state) SELECT id, ? FROM mirrors WHERE id = ?
     ON CONFLICT (mirror) DO UPDATE SET state = excluded.state`,
  );
  return {
    load: () =>
      withDatabase('read the states of mirrors', () => {
        const states = new Map<MirrorId, StoredMirrorState>();
        for (const row of list.all()) {
          const state = readMirrorState(String(row.state));
          if (state !== undefined) states.set(Number(row.mirror) as MirrorId, state);
        }
        return states;
      }),
    save: (changes) =>
      withDatabase('save the states of mirrors', () =>
        inTransaction(database, () => {
          for (const [id, state] of changes) put.run(JSON.stringify(state), id);
        }),
      ),
  };
}

const whole = z.int().min(0);
/** What is known of each URL of a mirror: as the database keeps it, and as the management API tells it. */
export const urlStates = z
  .array(
    z.object({
      url: z.string(),
      reachable: z.boolean(),
      ipv4: z.boolean().exactOptional(),
      ipv6: z.boolean().exactOptional(),
      reason: z.string().exactOptional(),
    }),
  )
  .max(64);
const stateSchema = z.object({
  healthy: z.boolean(),
  reason: z.string().exactOptional(),
  since: z.number(),
  serial: whole,
  ipv4: z.boolean().exactOptional(),
  ipv6: z.boolean().exactOptional(),
  urls: urlStates.exactOptional(),
  warning: z.string().exactOptional(),
  responseTime: z.number().positive().exactOptional(),
  severalParts: z.boolean().exactOptional(),
  certificate: z.object({ expires: z.number(), soon: z.boolean() }).exactOptional(),
  needs: z.enum(['probe', 'full-check']),
  good: whole,
  flips: z.array(z.number()).max(64),
  failed: z
    .object({
      target: z.object({
        repository: z.custom<RepositoryName>((text) => typeof text === 'string' && isRepositoryName(text)),
        digest: z.custom<Digest>(isDigest),
        size: whole,
      }),
      range: z.object({ start: whole, end: whole }),
      how: z.literal('whole').exactOptional(),
    })
    .exactOptional(),
  reported: whole.exactOptional(),
});

/** A row that this version cannot read is left out: the next probe says anew what it said. */
export function readMirrorState(text: string): StoredMirrorState | undefined {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
