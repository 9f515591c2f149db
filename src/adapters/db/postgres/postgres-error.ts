import { SignpostError } from '../../../oci/errors.ts';
import { isUnknownAuthority } from '../../http-client/tls-problems.ts';

/** Runs a piece of database work; what PostgreSQL throws becomes SignpostError STORAGE. */
export async function withPostgres<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof SignpostError) throw cause;
    throw new SignpostError('STORAGE', `the database failed: cannot ${doing}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

// Of a name with several addresses each has failed by itself.
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ');
  const { code, message } = cause as Error & { readonly code?: unknown };
  if (isUnknownAuthority(String(code))) {
    return 'its certificate is by an authority that is not trusted here: name yours with sslrootcert';
  }
  const known = advice[String(code)];
  if (known !== undefined) return `${known} (${message})`;
  if (code === noEntry && message.endsWith('no encryption')) {
    return `${message}: with "sslmode=verify-full" the connection is encrypted`;
  }
  return message;
}

/** By SQLSTATE, or what the system calls an error: PostgreSQL's own words say little of what to do. */
const advice: Readonly<Record<string, string>> = {
  '25006': 'the server takes no writes: it is a standby, or was set read-only; name the primary',
  '53100': "the disk of the database's server is full: free some space there",
  '53200': "the database's server is out of memory",
  '53300': 'the server has too many connections: raise its max_connections, or lower databaseConnections',
  '55P03': 'another process is writing to the same database and has not finished: try again',
  '57P03': 'the server is starting or stopping: try again',
  '58030': "the disk of the database's server reported an error: check it before anything else",
  '42501': 'the role may not do that: it has to own the database',
  '28P01': 'the password is wrong: look at databasePasswordFile',
  '3D000': 'there is no such database: make it with createdb (docs/database.md)',
  ECONNREFUSED: 'the server does not answer there: is it running, and listening on this address?',
  ENOTFOUND: 'the name of the server is not known',
};

/** invalid_authorization_specification: pg_hba.conf lets nobody in who comes like that. */
const noEntry = '28000';
