import { createHash } from 'node:crypto';
import {
  type RegistryHost,
  type RepositoryName,
  isRepositoryName,
  parseRegistryHost,
} from '../../oci/reference.ts';

/** A collection's "globally unique name": `host/repository`. */
export interface Collection {
  readonly registry: RegistryHost;
  readonly repository: RepositoryName;
}

const middle = '/_trust/tuf/';
const filePattern =
  /^(?:root|timestamp|[1-9][0-9]{0,9}\.root|(?:root|snapshot|targets|targets\/releases)\.[0-9a-f]{64})\.json$/;

/** Where a file of a collection lies below `v2/`. */
export function notaryPath({ registry, repository }: Collection, file: string): string {
  return `${registry}/${repository}${middle}${file}`;
}

/** Reads such a path; undefined when it is none. What it accepts is safe as a path. */
export function parseNotaryPath(path: string): (Collection & { readonly file: string }) | undefined {
  const at = path.indexOf(middle);
  const slash = path.indexOf('/');
  if (at < 0 || slash >= at) return undefined;
  const file = path.slice(at + middle.length);
  const repository = path.slice(slash + 1, at);
  if (!filePattern.test(file) || !isRepositoryName(repository)) return undefined;
  try {
    return { registry: parseRegistryHost(path.slice(0, slash)), repository, file };
  } catch {
    return undefined;
  }
}

/** Whether a file has the same content for ever: its name says the hash, or the version of a root. */
export function isImmutable(file: string): boolean {
  return file !== 'root.json' && file !== 'timestamp.json';
}

/** `snapshot.<sha256>.json` */
export function consistentName(role: string, bytes: Uint8Array): string {
  return `${role}.${createHash('sha256').update(bytes).digest('hex')}.json`;
}
