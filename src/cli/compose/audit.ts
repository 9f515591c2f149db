import { createSystemClock } from '../../adapters/system-clock.ts';
import type { AuditLog } from '../../ports/audit-log.ts';
import type { Config } from '../config-schema.ts';
import { openStorage } from './storage.ts';

/** The record of changes, for `signpost audit`. */
export async function composeAudit(config: Config): Promise<{ readonly audit: AuditLog } & AsyncDisposable> {
  return openStorage(config, createSystemClock());
}
