import type { z } from 'zod';
import { auditPageSchema } from './audit.ts';
import {
  mirrorChangeSchema,
  mirrorHistorySchema,
  mirrorItemSchema,
  mirrorPageSchema,
  mirrorSchema,
  mirrorHealthSchema,
  mirrorStateSchema,
  newMirrorSchema,
} from './mirror.ts';
import { problemSchema } from './problem.ts';
import {
  publicationPageSchema,
  repositoryPageSchema,
  stagedPageSchema,
  statusSchema,
  tagPageSchema,
} from './publication.ts';
import { reportAnswerSchema, reportSchema, webhookSecretSchema } from './report.ts';
import { propagationSchema, statisticsSchema } from './statistics.ts';

/** The names of the schemas in the OpenAPI document. */
export const schemaNames: ReadonlyMap<z.ZodType, string> = new Map<z.ZodType, string>([
  [problemSchema, 'Problem'],
  [mirrorSchema, 'Mirror'],
  [newMirrorSchema, 'NewMirror'],
  [mirrorChangeSchema, 'MirrorChange'],
  [mirrorHealthSchema, 'MirrorHealth'],
  [mirrorStateSchema, 'MirrorState'],
  [mirrorHistorySchema, 'MirrorHistory'],
  [mirrorItemSchema, 'MirrorItem'],
  [mirrorPageSchema, 'MirrorPage'],
  [publicationPageSchema, 'PublicationPage'],
  [repositoryPageSchema, 'RepositoryPage'],
  [tagPageSchema, 'TagPage'],
  [stagedPageSchema, 'StagedPage'],
  [statusSchema, 'Status'],
  [statisticsSchema, 'Statistics'],
  [propagationSchema, 'Propagation'],
  [auditPageSchema, 'AuditPage'],
  [reportSchema, 'Report'],
  [reportAnswerSchema, 'ReportAnswer'],
  [webhookSecretSchema, 'WebhookSecret'],
]);
