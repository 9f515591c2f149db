import { z } from 'zod';
import type { MirrorId } from '../../../mirrors/mirror.ts';
import type { MirrorRegistry } from '../../../ports/mirror-registry.ts';
import { findMirror } from '../find-mirror.ts';
import { problem } from '../problem.ts';
import { type Route, defineRoute } from '../route.ts';
import { text } from '../schemas/common.ts';
import { webhookSecretSchema } from '../schemas/report.ts';

export interface WebhookSecretDeps {
  readonly registry: Pick<MirrorRegistry, 'list'>;
  /** What signs the messages to a mirror's own webhook; undefined when there are none. */
  readonly webhookSecretOf: ((mirror: MirrorId) => string) | undefined;
}

/** What a mirror's people need to check that a message is from here. */
export function webhookSecretRoutes({ registry, webhookSecretOf }: WebhookSecretDeps): readonly Route[] {
  return [
    defineRoute({
      id: 'showWebhookSecret',
      method: 'get',
      path: '/mirrors/{name}/webhook-secret',
      summary: "The secret that signs what a mirror's own webhook is told",
      roles: ['operator', 'mirror'],
      params: z.strictObject({ name: text(63).describe('Of the mirror.') }),
      answers: { 200: { description: 'The secret.', schema: webhookSecretSchema } },
      problems: [404],
      async handle({ params }) {
        const mirror = await findMirror(registry, params.name);
        if ('problem' in mirror) return mirror;
        if (webhookSecretOf === undefined) {
          return problem(404, "mirrors' own webhooks are not called: webhooks.masterSecretFile is not set");
        }
        return { status: 200, body: { secret: webhookSecretOf(mirror.id) } };
      },
    }),
  ];
}
