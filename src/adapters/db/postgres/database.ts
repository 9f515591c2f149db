import pg from 'pg';
import { SignpostError } from '../../../oci/errors.ts';
import { inParallel } from '../../../parallel/in-parallel.ts';
import { isUnknownAuthority } from '../../http-client/tls-problems.ts';
import type { Database, Row, Work } from '../database.ts';
import { migrations } from './migrations.ts';

/** Runs one statement. */
export type Query = (sql: string, values?: readonly unknown[]) => Promise<{ rows: Row[]; count: number }>;

/** A PostgreSQL database with the tables of an origin. What it throws becomes SignpostError STORAGE. */
export interface PostgresDatabase extends Database, AsyncDisposable {
  read(doing: string, sql: string, values?: readonly unknown[]): Promise<Row[]>;
  write<T>(doing: string, work: (query: Query) => Promise<T> | Work<T>): Promise<T>;
  note<T>(doing: string, work: (query: Query) => Promise<T> | Work<T>): Promise<T>;
  /** A connection of its own, apart from the pool; the caller ends it. */
  connect(name: string): Promise<pg.Client>;
}

export interface PostgresSettings {
  /** `postgres://user@host:port/name?sslmode=verify-full`, without a password. */
  readonly url: string;
  readonly password?: string | undefined;
  /** At once, at most. */
  readonly connections: number;
}

const connectTimeout = 10_000;
const statementTimeout = 120_000;
/** Waiting for a lock that another process holds: writes take milliseconds. */
const lockTimeout = 30_000;
/** Of one kind, sent without waiting for the answers. */
const statementsAtOnce = 100;
/** "sign" and "post": the pair of numbers under which migrations take turns. */
const migrationLock = [0x7369_676e, 0] as const;

/**
 * Connects, and brings the tables up to date; when several processes do so at once, one does the work.
 * @throws SignpostError STORAGE, CONFIG_INVALID
 */
export async function openPostgres(settings: PostgresSettings): Promise<PostgresDatabase> {
  const options = {
    connectionString: withPassword(settings),
    connectionTimeoutMillis: connectTimeout,
    statement_timeout: statementTimeout,
    lock_timeout: lockTimeout,
    idle_in_transaction_session_timeout: statementTimeout,
    keepAlive: true,
  };
  const pool = new pg.Pool({
    ...options,
    // Statements of a transaction may be sent without waiting for the answer to the one before.
    pipeline: true,
    application_name: 'signpost',
    max: settings.connections,
    idleTimeoutMillis: 30_000,
  });
  // A connection that breaks while nobody uses it is replaced by the next one who needs it.
  pool.on('error', () => undefined);

  async function inTransaction<T>(doing: string, work: (query: Query) => Promise<T> | Work<T>): Promise<T> {
    return withPostgres(doing, async () => {
      const client = await withPostgres('connect', () => pool.connect());
      let broken: Error | undefined;
      try {
        await client.query('BEGIN');
        const query = queryOf(client);
        const working = work(query);
        const result = await ('next' in working ? perform(query, working) : working);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((cause: unknown) => {
          broken = cause as Error;
        });
        throw error;
      } finally {
        client.release(broken);
      }
    });
  }

  const database: PostgresDatabase = {
    read: (doing, sql, values = []) =>
      withPostgres(doing, async () => (await pool.query<Row>(sql, [...values])).rows),
    write: (doing, work) =>
      inTransaction(doing, async (query) => {
        // The first write: this row keeps the others waiting, so that serials can be counted up.
        await query('UPDATE data_version SET value = value + 1');
        const working = work(query);
        return 'next' in working ? perform(query, working) : working;
      }),
    note: inTransaction,
    async version() {
      const [row] = await database.read('read its version', 'SELECT value FROM data_version');
      return Number(row?.value);
    },
    connect: (name) =>
      withPostgres('connect', async () => {
        const client = new pg.Client({ ...options, application_name: name });
        client.on('error', () => undefined);
        await client.connect();
        return client;
      }),
    [Symbol.asyncDispose]: () => pool.end(),
  };
  try {
    await inTransaction('make its tables', migrate);
    return database;
  } catch (error) {
    await pool.end();
    throw error;
  }
}

// What pg finds in the URL goes before what is beside it. Without a password it looks into PGPASSFILE and ~/.pgpass.
function withPassword({ url, password }: PostgresSettings): string {
  if (password === undefined) return url;
  const whole = new URL(url);
  whole.password = encodeURIComponent(password);
  return whole.href;
}

/** Runs a piece of database work; what PostgreSQL throws becomes SignpostError STORAGE. */
export async function withPostgres<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof SignpostError) throw cause;
    throw new SignpostError('STORAGE', `the database failed: cannot ${doing}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

// Of a name with several addresses each has failed by itself.
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ');
  const { code, message } = cause as Error & { readonly code?: unknown };
  if (isUnknownAuthority(String(code))) {
    return 'its certificate is by an authority that is not trusted here: name yours with sslrootcert';
  }
  const known = advice[String(code)];
  if (known !== undefined) return `${known} (${message})`;
  if (code === noEntry && message.endsWith('no encryption')) {
    return `${message}: with "sslmode=verify-full" the connection is encrypted`;
  }
  return message;
}

/** By SQLSTATE, or what the system calls an error: PostgreSQL's own words say little of what to do. */
const advice: Readonly<Record<string, string>> = {
  '25006': 'the server takes no writes: it is a standby, or was set read-only; name the primary',
  '53100': "the disk of the database's server is full: free some space there",
  '53200': "the database's server is out of memory",
  '53300': 'the server has too many connections: raise its max_connections, or lower databaseConnections',
  '55P03': 'another process is writing to the same database and has not finished: try again',
  '57P03': 'the server is starting or stopping: try again',
  '58030': "the disk of the database's server reported an error: check it before anything else",
  '42501': 'the role may not do that: it has to own the database',
  '28P01': 'the password is wrong: look at databasePasswordFile',
  '3D000': 'there is no such database: make it with createdb (docs/database.md)',
  ECONNREFUSED: 'the server does not answer there: is it running, and listening on this address?',
  ENOTFOUND: 'the name of the server is not known',
};

/** invalid_authorization_specification: pg_hba.conf lets nobody in who comes like that. */
const noEntry = '28000';

function queryOf(client: pg.ClientBase): Query {
  return async (sql, values = []) => {
    const { rows, rowCount } = await client.query<Row>(sql, [...values]);
    return { rows, count: rowCount ?? 0 };
  };
}

async function perform<T>(query: Query, work: Work<T>): Promise<T> {
  let step = work.next();
  while (step.done !== true) {
    const { sql, values } = step.value;
    const answers: Row[][] = [];
    await inParallel(values.entries(), statementsAtOnce, async ([at, row]) => {
      answers[at] = (await query(sql, row)).rows;
    });
    step = work.next(answers.flat());
  }
  return step.value;
}

async function migrate(query: Query): Promise<void> {
  await query('SELECT pg_advisory_xact_lock($1, $2)', migrationLock);
  await query('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)');
  const { rows } = await query('SELECT version FROM schema_version');
  const current = Number(rows[0]?.version ?? 0);
  if (current > migrations.length) {
    throw new SignpostError(
      'STORAGE',
      'the database was written by a newer Signpost: use that version or a newer one',
    );
  }
  if (current === migrations.length) return;
  for (const sql of migrations.slice(current)) await query(sql);
  await query('DELETE FROM schema_version');
  await query('INSERT INTO schema_version VALUES ($1)', [migrations.length]);
}
