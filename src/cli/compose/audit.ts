import { createSystemClock } from '../../adapters/system-clock.ts';
import type { AuditLog } from '../../ports/audit-log.ts';
import type { Config } from '../config-schema.ts';
import type { ServerOptions } from '../server-options.ts';
import { composeRemoteRecords } from './remote-records.ts';
import { openStorage } from './storage.ts';

/** The record of changes, for `signpost audit`: of the data that `readConfig` names, or of a server. */
export async function composeAudit(
  options: ServerOptions,
  readConfig: () => Config,
): Promise<{ readonly audit: Pick<AuditLog, 'read'> } & AsyncDisposable> {
  const remote = await composeRemoteRecords(options);
  if (remote === undefined) return openStorage(readConfig(), createSystemClock());
  return { audit: remote.audit, [Symbol.asyncDispose]: () => Promise.resolve() };
}
