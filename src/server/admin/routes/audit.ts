import { z } from 'zod';
import type { AuditLog } from '../../../ports/audit-log.ts';
import { type Route, defineRoute } from '../route.ts';
import { auditPageSchema } from '../schemas/audit.ts';
import { pageLimit } from '../schemas/common.ts';
import { formatTime } from '../../../text/format-time.ts';

/** Who changed what. */
export function auditRoutes(audit: Pick<AuditLog, 'read'>): readonly Route[] {
  return [
    defineRoute({
      id: 'listAudit',
      method: 'get',
      path: '/audit',
      summary: 'Who changed what',
      description:
        'A page may have fewer entries than were asked for: it ends when it has some 512 KiB of them.',
      roles: ['operator'],
      query: z.strictObject({
        limit: pageLimit,
        before: z.coerce.number().int().min(1).optional().describe('Only those with a lower number.'),
      }),
      answers: { 200: { description: 'A page.', schema: auditPageSchema } },
      async handle({ query: { limit, before } }) {
        const found = await audit.read(limit, before);
        const entries = found.map(({ at, ...entry }) => ({ ...entry, at: formatTime(at) }));
        const last = entries.at(-1)?.number ?? 1;
        return { status: 200, body: { entries, ...(last > 1 ? { next: last } : {}) } };
      },
    }),
  ];
}
