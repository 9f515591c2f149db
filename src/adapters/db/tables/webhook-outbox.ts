import type { MirrorId } from '../../../mirrors/mirror.ts';
import type { ToldMirror, WebhookMessage, WebhookOutbox } from '../../../ports/webhook-outbox.ts';
import { type Database, type Row, run, runEach } from '../database.ts';

/** What waits to be told of mirrors, in the database. */
export function createWebhookOutbox(database: Database): WebhookOutbox {
  return {
    async load() {
      const doing = 'read what waits to be told';
      const told = await database.read(doing, 'SELECT mirror, healthy, at FROM webhook_told');
      const sql = 'SELECT id, mirror, receiver, body FROM webhook_messages ORDER BY number';
      const waiting = await database.read(doing, sql);
      return { told: new Map(told.map(readTold)), waiting: waiting.map(readMessage) };
    },
    put: (told, messages) =>
      database.note('write down what is to be told', function* () {
        // A mirror may have been removed since. In the order of their numbers, as all who write several do.
        yield* runEach(
          `INSERT INTO webhook_told (mirror, healthy, at) SELECT id, $2, $3 FROM mirrors WHERE id = $1
           ON CONFLICT (mirror) DO UPDATE SET healthy = excluded.healthy, at = excluded.at`,
          [...told].sort(([a], [b]) => a - b).map(([mirror, { healthy, at }]) => [mirror, healthy, at]),
        );
        yield* runEach(
          'INSERT INTO webhook_messages (id, receiver, body, mirror) SELECT $2, $3, $4, id FROM mirrors WHERE id = $1',
          messages.map(({ id, mirror, receiver, body }) => [mirror, id, receiver, body]),
        );
      }),
    remove: (id) =>
      database.note('write down what was told', function* () {
        yield* run('DELETE FROM webhook_messages WHERE id = $1', [id]);
      }),
  };
}

function readTold(row: Row): readonly [MirrorId, ToldMirror] {
  return [Number(row.mirror) as MirrorId, { healthy: Boolean(row.healthy), at: Number(row.at) }];
}

function readMessage(row: Row): WebhookMessage {
  return {
    id: String(row.id),
    mirror: Number(row.mirror) as MirrorId,
    receiver: String(row.receiver),
    body: String(row.body),
  };
}
