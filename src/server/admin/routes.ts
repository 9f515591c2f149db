import type { AuditLog } from '../../ports/audit-log.ts';
import type { Route } from './route.ts';
import { auditRoutes } from './routes/audit.ts';
import { type FrontEndRoutesDeps, frontEndRoutes } from './routes/front-ends.ts';
import { type HealthRoutesDeps, healthRoutes } from './routes/health.ts';
import { type MirrorRoutesDeps, mirrorRoutes } from './routes/mirrors.ts';
import { type WebhookSecretDeps, webhookSecretRoutes } from './routes/webhook-secret.ts';
import { type PublicationRoutesDeps, publicationRoutes } from './routes/publications.ts';
import { type StatisticsRoutesDeps, statisticsRoutes } from './routes/statistics.ts';

export interface RoutesDeps
  extends
    MirrorRoutesDeps,
    PublicationRoutesDeps,
    StatisticsRoutesDeps,
    FrontEndRoutesDeps,
    Omit<HealthRoutesDeps & WebhookSecretDeps, 'registry'> {
  readonly audit: Pick<AuditLog, 'read'>;
}

/** The whole API: what it answers, its OpenAPI document and docs/api.md are all made from this table. */
export function createRoutes(deps: RoutesDeps): readonly Route[] {
  return [
    ...mirrorRoutes(deps),
    ...healthRoutes(deps),
    ...webhookSecretRoutes(deps),
    ...publicationRoutes(deps),
    ...statisticsRoutes(deps),
    ...auditRoutes(deps.audit),
    ...frontEndRoutes(deps),
  ];
}
