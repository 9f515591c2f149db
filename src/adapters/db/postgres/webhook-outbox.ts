import type { WebhookOutbox } from '../../../ports/webhook-outbox.ts';
import { readMessage, readTold } from '../sqlite/webhook-outbox.ts';
import type { PostgresDatabase } from './database.ts';

/** What waits to be told of mirrors, in the database. */
export function createPostgresWebhookOutbox(database: PostgresDatabase): WebhookOutbox {
  return {
    async load() {
      const doing = 'read what waits to be told';
      const told = await database.read(doing, 'SELECT mirror, healthy, at FROM webhook_told');
      const sql = 'SELECT id, mirror, receiver, body FROM webhook_messages ORDER BY number';
      const waiting = await database.read(doing, sql);
      return { told: new Map(told.map(readTold)), waiting: waiting.map(readMessage) };
    },
    put: (told, messages) =>
      database.note('write down what is to be told', async (query) => {
        // A mirror may have been removed since. In the order of their numbers, as all who write several do.
        await query(
          `INSERT INTO webhook_told SELECT id, healthy, at FROM mirrors
             JOIN unnest($1::bigint[], $2::boolean[], $3::bigint[]) AS change (mirror, healthy, at) ON id = mirror
           ORDER BY id ON CONFLICT (mirror) DO UPDATE SET healthy = excluded.healthy, at = excluded.at`,
          [
            [...told.keys()],
            [...told.values()].map(({ healthy }) => healthy),
            [...told.values()].map(({ at }) => at),
          ],
        );
        await query(
          `INSERT INTO webhook_messages (id, mirror, receiver, body)
           SELECT message.id, mirror, receiver, body FROM mirrors
             JOIN unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) WITH ORDINALITY
               AS message (id, mirror, receiver, body, place) ON mirrors.id = mirror
           ORDER BY place`,
          [
            messages.map(({ id }) => id),
            messages.map(({ mirror }) => mirror),
            messages.map(({ receiver }) => receiver),
            messages.map(({ body }) => body),
          ],
        );
      }),
    remove: (id) =>
      database.note('write down what was told', async (query) => {
        await query('DELETE FROM webhook_messages WHERE id = $1', [id]);
      }),
  };
}
