import { type ErrorCode, SignpostError, isSignpostError } from '../oci/errors.ts';
import type { TagName } from '../oci/reference.ts';
import type { Collection } from '../trust/notary-v1/names.ts';
import type { MetadataEvidence } from '../trust/verify/metadata-evidence.ts';
import { type Step, failed, passed } from '../trust/verify/step.ts';
import { formatTime } from '../text/format-time.ts';

/** Reads the metadata of one format that a registry serves, as a client that remembers what it has seen. */
export interface MetadataReader {
  /**
   * What is verified is remembered at once: the state must not go back because something after it fails. `now` is in
   * milliseconds since the epoch. Without `tag` an image is asked for by its digest.
   * @throws SignpostError STORAGE, UNAVAILABLE, DENIED, CANCELLED
   */
  read(collection: Collection, now: number, tag?: TagName): Promise<MetadataEvidence>;
}

/** A role of which everything but its expiry was verified. */
export function stepOfRole(
  name: string,
  { version, expires }: { readonly version: number; readonly expires: string },
  now: number,
): Step {
  const until = Date.parse(expires);
  const time = formatTime(until);
  return until > now
    ? passed(name, `version ${version}, until ${time}`)
    : failed(
        name,
        'expired',
        `version ${version} expired on ${time}: the registry may be holding back newer ones`,
      );
}

/** What is wrong with metadata. That it cannot be fetched, or will not be given, is no answer to judge: that is thrown. */
export function stepOfError(name: string, error: unknown): Step {
  const reason = isSignpostError(error) ? reasons[error.code] : undefined;
  if (reason === undefined) throw error;
  return failed(name, reason, (error as Error).message);
}

const reasons: Readonly<Partial<Record<ErrorCode, string>>> = {
  ROLLBACK: 'rollback',
  NOT_FOUND: 'missing',
  TRUST: 'forged',
  REQUEST_INVALID: 'forged',
  LIMIT_EXCEEDED: 'forged',
  SOURCE_INVALID: 'forged',
};

/** What was verified before verifies again, unless the disk or somebody else has changed it. */
export function recall<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new SignpostError(
      'STORAGE',
      `the remembered metadata of "${name}" no longer verifies: restore a good copy, or remove it to start anew`,
      { cause },
    );
  }
}
