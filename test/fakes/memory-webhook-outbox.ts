import type { MirrorId } from '../../src/mirrors/mirror.ts';
import type { ToldMirror, WebhookMessage, WebhookOutbox } from '../../src/ports/webhook-outbox.ts';

/** A webhook outbox in memory; `exists` says which mirrors the registry has. */
export function createMemoryWebhookOutbox(exists: (id: MirrorId) => boolean = () => true): WebhookOutbox {
  const known = new Map<MirrorId, ToldMirror>();
  const messages = new Map<string, WebhookMessage>();
  return {
    load: async () => ({
      told: new Map([...known].filter(([id]) => exists(id))),
      waiting: [...messages.values()].filter(({ mirror }) => exists(mirror)),
    }),
    async put(told, added) {
      for (const [id, one] of told) if (exists(id)) known.set(id, one);
      for (const message of added) if (exists(message.mirror)) messages.set(message.id, message);
    },
    async remove(id) {
      messages.delete(id);
    },
  };
}
