import type { MirrorId } from '../../../mirrors/mirror.ts';
import type { MirrorStates, StoredMirrorState } from '../../../ports/mirror-states.ts';
import { readMirrorState } from '../sqlite/mirror-states.ts';
import type { PostgresDatabase } from './database.ts';

/** The mirrors' health in the database: a state is JSON, so that a new property needs no new column. */
export function createPostgresMirrorStates(database: PostgresDatabase): MirrorStates {
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
      database.note('save the states of mirrors', async (query) => {
        // A mirror may have been removed while its last probe ran. In the order of their numbers, so that two who save
        // wait for each other and never for each other's next row.
        await query(
          `INSERT INTO mirror_states SELECT id, state FROM mirrors
             JOIN unnest($1::bigint[], $2::text[]) AS change (mirror, state) ON id = mirror ORDER BY id
           ON CONFLICT (mirror) DO UPDATE SET state = excluded.state`,
          [[...changes.keys()], [...changes.values()].map((state) => JSON.stringify(state))],
        );
      }),
  };
}
