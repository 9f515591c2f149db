import { z } from 'zod';
import { type Digest, isDigest } from '../../../oci/digest.ts';
import { type RepositoryName, isRepositoryName } from '../../../oci/reference.ts';
import type { MirrorId } from '../../../mirrors/mirror.ts';
import type { MirrorStates, StoredMirrorState } from '../../../ports/mirror-states.ts';
import { type Database, runEach } from '../database.ts';

/** The mirrors' health in the database: a state is JSON, so that a new property needs no new column. */
export function createMirrorStates(database: Database): MirrorStates {
  return {
    async load() {
      const states = new Map<MirrorId, StoredMirrorState>();
      const sql = 'SELECT mirror, state FROM mirror_states';
      for (const row of await database.read('read the states of mirrors', sql)) {
        const state = readMirrorState(String(row.state));
        if (state !== undefined) states.set(Number(row.mirror) as MirrorId, state);
      }
      return states;
    },
    save: (changes) =>
      database.note('save the states of mirrors', function* () {
        // A mirror may have been removed while its last probe ran. In the order of their numbers, so that two who save
        // wait for each other and never for each other's next row.
        yield* runEach(
          `INSERT INTO mirror_states (mirror, state) SELECT id, $2 FROM mirrors WHERE id = $1
           ON CONFLICT (mirror) DO UPDATE SET state = excluded.state`,
          [...changes].sort(([a], [b]) => a - b).map(([id, state]) => [id, JSON.stringify(state)]),
        );
      }),
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
