import { createSystemClock } from '../../adapters/time/system-clock.ts';
import type { AuditLog } from '../../ports/audit-log.ts';
import type { Config } from '../config/config-schema.ts';
import type { ServerOptions } from '../records/server-options.ts';
import { composeRemoteRecords } from '../records/remote-records.ts';
import { openStorage } from '../records/storage.ts';

/** The record of changes, for `signpost audit`: of the data that `readConfig` names, or of a server. */
export async function composeAudit(
  options: ServerOptions,
  readConfig: () => Config,
): Promise<{ readonly audit: Pick<AuditLog, 'read'> } & AsyncDisposable> {
  const remote = await composeRemoteRecords(options);
  if (remote === undefined) return openStorage(readConfig(), createSystemClock());
  return { audit: remote.audit, [Symbol.asyncDispose]: () => Promise.resolve() };
}
