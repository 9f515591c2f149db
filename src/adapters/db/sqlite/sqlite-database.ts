import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Database, Row, Statement, Value, Values, Work } from '../database.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';

/** What the tables need, over a connection to SQLite: what is asked has been done before a promise is returned. */
export function createSqliteDatabase(connection: DatabaseSync): Database {
  /** All texts are in the code, so there are only so many. */
  const prepared = new Map<string, StatementSync>();

  function prepare(sql: string): StatementSync {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const statement = connection.prepare(sql.replaceAll(/\$(?=\d)/g, '?'));
    prepared.set(sql, statement);
    return statement;
  }

  function all(sql: string, values: Values): Row[] {
    return prepare(sql).all(...values.map(toColumn));
  }

  function perform<T>(work: Work<T>): T {
    let step = work.next();
    while (step.done !== true) {
      const sql = textOf(step.value);
      const rows: Row[] = [];
      for (const values of step.value.values) rows.push(...all(sql, values));
      step = work.next(rows);
    }
    return step.value;
  }

  const transaction = <T>(doing: string, work: () => Work<T>) =>
    withDatabase(doing, () => inTransaction(connection, () => perform(work())));
  return {
    read: (doing, sql, values = []) => withDatabase(doing, () => all(sql, values)),
    write: transaction,
    note: transaction,
    version: () =>
      withDatabase('read its version', () => {
        // Commits of other connections, and rows that this one has changed (sqlite.org/pragma.html). Both only grow, so
        // that their sum changes when either does.
        const [others] = all('PRAGMA data_version', []);
        const [own] = all('SELECT total_changes() AS changes', []);
        return Number(others?.data_version) + Number(own?.changes);
      }),
  };
}

function textOf(statement: Statement): string {
  if ('sql' in statement) return statement.sql;
  const places = statement.types.map((_type, at) => `$${at + 1}`);
  return `INSERT INTO ${statement.table} VALUES (${places.join(', ')}) ON CONFLICT DO NOTHING`;
}

/** SQLite has no truth values. */
function toColumn(value: Value) {
  return typeof value === 'boolean' ? Number(value) : value;
}
