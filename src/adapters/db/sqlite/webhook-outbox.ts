import type { DatabaseSync } from 'node:sqlite';
import type { MirrorId } from '../../../mirrors/mirror.ts';
import type { ToldMirror, WebhookMessage, WebhookOutbox } from '../../../ports/webhook-outbox.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';

/** What waits to be told of mirrors, in the database. */
export function createSqliteWebhookOutbox(database: DatabaseSync): WebhookOutbox {
  const told = database.prepare('SELECT mirror, healthy, at FROM webhook_told');
  const waiting = database.prepare('SELECT id, mirror, receiver, body FROM webhook_messages ORDER BY number');
  // A mirror may have been removed since.
  const tell = database.prepare(
    `INSERT INTO webhook_told (mirror, healthy, at) SELECT id, ?, ? FROM mirrors WHERE id = ?
     ON CONFLICT (mirror) DO UPDATE SET healthy = excluded.healthy, at = excluded.at`,
  );
  const add = database.prepare(
    'INSERT INTO webhook_messages (id, receiver, body, mirror) SELECT ?, ?, ?, id FROM mirrors WHERE id = ?',
  );
  const remove = database.prepare('DELETE FROM webhook_messages WHERE id = ?');
  return {
    load: () =>
      withDatabase('read what waits to be told', () => ({
        told: new Map(told.all().map(readTold)),
        waiting: waiting.all().map(readMessage),
      })),
    put: (changes, messages) =>
      withDatabase('write down what is to be told', () =>
        inTransaction(database, () => {
          for (const [mirror, { healthy, at }] of changes) tell.run(healthy ? 1 : 0, at, mirror);
          for (const { id, receiver, body, mirror } of messages) add.run(id, receiver, body, mirror);
        }),
      ),
    remove: (id) =>
      withDatabase('write down what was told', () => {
        remove.run(id);
      }),
  };
}

/** Of either database. */
export function readTold(row: Record<string, unknown>): readonly [MirrorId, ToldMirror] {
  return [Number(row.mirror) as MirrorId, { healthy: Boolean(row.healthy), at: Number(row.at) }];
}

/** Of either database. */
export function readMessage(row: Record<string, unknown>): WebhookMessage {
  return {
    id: String(row.id),
    mirror: Number(row.mirror) as MirrorId,
    receiver: String(row.receiver),
    body: String(row.body),
  };
}
