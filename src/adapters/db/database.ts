export type Row = Readonly<Record<string, unknown>>;
export type Value = string | number | boolean | Uint8Array | null;
/** Of one statement: `$1`, `$2` and so on. */
export type Values = readonly Value[];

/**
 * A database with the tables of an origin: SQLite or PostgreSQL. Statements are written so that both take them. `doing`
 * reads "cannot <doing>". Throws SignpostError STORAGE, or LOCKED.
 */
export interface Database {
  /** One statement that reads. */
  read(doing: string, sql: string, values?: Values): Promise<readonly Row[]>;
  /**
   * One transaction that everybody who watches the version is to notice. They run one after the other, those of other
   * processes too, so that what one has read stays true until it ends.
   */
  write<T>(doing: string, work: () => Work<T>): Promise<T>;
  /** One transaction that nobody needs to notice. It may run at the same time as others. */
  note<T>(doing: string, work: () => Work<T>): Promise<T>;
  /** A number that changes whenever any process has committed what others must notice. Cheap: it is polled. */
  version(): Promise<number>;
}

/**
 * What one transaction does. It yields statements, and is given the rows of each: SQLite runs it from beginning to end and
 * gives nobody else a turn meanwhile, PostgreSQL waits for each answer. A statement that fails ends it and the transaction.
 */
export type Work<T> = Generator<Statement, T, readonly Row[]>;

export type Statement =
  | { readonly sql: string; readonly values: Iterable<Values> }
  | { readonly table: string; readonly types: readonly string[]; readonly values: Iterable<Values> };

/** Runs one statement, and gives its rows. */
export function run(sql: string, values: Values = []): Work<readonly Row[]> {
  return runEach(sql, [values]);
}

/** Runs a statement for each of many rows of values, in their order, and gives the rows of all. */
export function* runEach(sql: string, values: Iterable<Values>): Work<readonly Row[]> {
  return yield { sql, values };
}

/**
 * Inserts rows, but for those whose key is there already: for thousands of rows, of which PostgreSQL takes many in one
 * statement. It has to be told the types of the columns.
 */
export function* insertNew(table: string, types: readonly string[], values: Iterable<Values>): Work<void> {
  yield { table, types, values };
}
