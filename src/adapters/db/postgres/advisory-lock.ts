import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type pg from 'pg';
import { SignpostError } from '../../../oci/errors.ts';
import type { Lock } from '../../../ports/lock.ts';
import type { PostgresDatabase } from './database.ts';
import { withPostgres } from './postgres-error.ts';

/** PostgreSQL cuts longer names of applications off. */
const nameLimit = 63;

/**
 * Locks between processes on several machines. The server gives a lock back when the connection that holds it ends,
 * however it ends, so each lock has a connection of its own. `command` is what the holder calls itself.
 */
export function createAdvisoryLock(database: PostgresDatabase, command: string): Lock {
  return {
    async acquire(job) {
      const name = `signpost ${command}, process ${process.pid} on ${hostname()}`.slice(0, nameLimit);
      const client = await database.connect(name);
      try {
        const keys = keysOf(job);
        await take(client, keys);
        return {
          // Ending a connection that was lost is no error.
          [Symbol.asyncDispose]: () => client.end().catch(() => undefined),
        };
      } catch (error) {
        await client.end().catch(() => undefined);
        throw error;
      }
    },
  };
}

async function take(client: pg.Client, keys: readonly [number, number]): Promise<void> {
  await withPostgres('take a lock', async () => {
    // A lock is held for as long as the work takes, and its connection says nothing meanwhile.
    const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS held', [
      ...keys,
    ]);
    if (rows[0]?.held === true) return;
    const holders = await client.query<{ name: string; since: Date }>(
      `SELECT application_name AS name, backend_start AS since FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND granted AND objsubid = 2
         AND classid = $1::bigint::oid AND objid = ($2::bigint & 4294967295)::oid`,
      [...keys],
    );
    const [holder] = holders.rows;
    const who = holder === undefined ? '' : ` (${holder.name}, since ${holder.since.toISOString()})`;
    throw new SignpostError(
      'LOCKED',
      `another process works on the same data${who}: wait until it has finished, or stop it`,
    );
  });
}

/** "sign", and a number for the job. 0 is for migrations. */
function keysOf(job: string): readonly [number, number] {
  return [0x7369_676e, createHash('sha256').update(job).digest().readInt32BE() || 1];
}
