import {
  type RegistryHost,
  type RepositoryName,
  type TagName,
  isRepositoryName,
  isTagName,
  parseRegistryHost,
} from '../../oci/reference.ts';
import { readField } from '../strict-json.ts';

/** The registry of a signing request or bundle. Throws SignpostError REQUEST_INVALID. */
export function readRegistry(value: unknown, where: string): RegistryHost {
  return readField(value, isHost, 'a host name', `${where} registry`);
}

/** Where an image of a signing request or bundle goes. Throws SignpostError REQUEST_INVALID. */
export function readTarget(
  fields: { readonly repository: unknown; readonly tag: unknown },
  where: string,
): { readonly repository: RepositoryName; readonly tag: TagName } {
  return {
    repository: readField(fields.repository, isRepository, 'a repository name', `${where} repository`),
    tag: readField(fields.tag, isTag, 'a tag', `${where} tag`),
  };
}

function isHost(value: unknown): value is RegistryHost {
  if (typeof value !== 'string') return false;
  try {
    return parseRegistryHost(value) === value;
  } catch {
    return false;
  }
}

function isRepository(value: unknown): value is RepositoryName {
  return typeof value === 'string' && isRepositoryName(value);
}

function isTag(value: unknown): value is TagName {
  return typeof value === 'string' && isTagName(value);
}
