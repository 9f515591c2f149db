import pg from 'pg';
import { SignpostError } from '../../../oci/errors.ts';
import { inParallel } from '../../../parallel/in-parallel.ts';
import { type Database, type Row, type Statement, type Values, type Work, run } from '../database.ts';
import { migrations } from './migrations.ts';
import { withPostgres } from './postgres-error.ts';

/** A PostgreSQL database with the tables of an origin. What it throws becomes SignpostError STORAGE. */
export interface PostgresDatabase extends Database, AsyncDisposable {
  /** Values may be arrays here. */
  read(doing: string, sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
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
/** Sent without waiting for the answers. */
const statementsAtOnce = 100;
/** Rows a statement: more would only need more memory at once. */
const rowsAtOnce = 5000;
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
  // A connection that breaks is replaced by the next one who needs it. Whoever uses it is told by what was asked last.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));

  async function inTransaction<T>(doing: string, work: () => Work<T>): Promise<T> {
    return withPostgres(doing, async () => {
      const client = await withPostgres('connect', () => pool.connect());
      let broken: Error | undefined;
      try {
        await client.query('BEGIN');
        const result = await perform(client, work());
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
      inTransaction(doing, function* () {
        // Its first write: this row keeps the others waiting, so that serials can be counted up.
        yield* run('UPDATE data_version SET value = value + 1');
        return yield* work();
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

async function perform<T>(client: pg.ClientBase, work: Work<T>): Promise<T> {
  let step = work.next();
  while (step.done !== true) step = work.next(await execute(client, step.value));
  return step.value;
}

async function execute(client: pg.ClientBase, statement: Statement): Promise<readonly Row[]> {
  if ('table' in statement) return insertNew(client, statement);
  const answers: Row[][] = [];
  const values = Iterator.from(statement.values).map((row, at) => ({ row, at }));
  await inParallel(values, statementsAtOnce, async ({ row, at }) => {
    answers[at] = (await client.query<Row>(statement.sql, [...row])).rows;
  });
  return answers.flat();
}

async function insertNew(
  client: pg.ClientBase,
  { table, types, values }: Extract<Statement, { table: string }>,
): Promise<readonly Row[]> {
  const columns = types.map((type, at) => `$${at + 1}::${type}[]`);
  const sql = `INSERT INTO ${table} SELECT * FROM unnest(${columns.join(', ')}) ON CONFLICT DO NOTHING`;
  for (const part of inParts(values)) {
    const arrays = types.map((_type, at) => part.map((row) => row[at]));
    await client.query(sql, arrays);
  }
  return [];
}

function* inParts(rows: Iterable<Values>): Generator<readonly Values[]> {
  let part: Values[] = [];
  for (const row of rows) {
    part.push(row);
    if (part.length < rowsAtOnce) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

function* migrate(): Work<void> {
  yield* run('SELECT pg_advisory_xact_lock($1, $2)', migrationLock);
  yield* run('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)');
  const [row] = yield* run('SELECT version FROM schema_version');
  const current = Number(row?.version ?? 0);
  if (current > migrations.length) {
    throw new SignpostError(
      'STORAGE',
      'the database was written by a newer Signpost: use that version or a newer one',
    );
  }
  if (current === migrations.length) return;
  for (const sql of migrations.slice(current)) yield* run(sql);
  yield* run('DELETE FROM schema_version');
  yield* run('INSERT INTO schema_version VALUES ($1)', [migrations.length]);
}
