import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../ports/clock.ts';
import { createTables } from '../tables/tables.ts';
import { createSqliteDatabase } from './sqlite-database.ts';

/** What a thread answers for a server: ports all of whose methods take and give what can be copied between threads. */
export type ThreadPorts = ReturnType<typeof createThreadPorts>;

export function createThreadPorts(connection: DatabaseSync, clock: Clock) {
  return createTables(createSqliteDatabase(connection), clock);
}

/** A call of a port's method, and what came of it. */
export interface ThreadCall {
  readonly id: number;
  readonly port: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

export interface ThreadAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: { readonly code: string | undefined; readonly message: string };
}

export interface ThreadSettings {
  /** Of the database. */
  readonly path: string;
  readonly access: 'read' | 'write';
}

/** The message that ends a thread. */
export const endOfThread = 'end';
