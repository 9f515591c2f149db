import {
  type RegistryHost,
  type RepositoryName,
  type TagName,
  isRepositoryName,
  isTagName,
  parseRegistryHost,
} from '../../oci/reference.ts';
import { valueOf } from '../json-reader.ts';

/** The registry of a signing request or bundle. */
export const readRegistry = valueOf(isHost, 'a host name');

/** Where an image of a signing request or bundle goes. */
export const targetFields = {
  repository: valueOf(
    (value): value is RepositoryName => typeof value === 'string' && isRepositoryName(value),
    'a repository name',
  ),
  tag: valueOf((value): value is TagName => typeof value === 'string' && isTagName(value), 'a tag'),
};

function isHost(value: unknown): value is RegistryHost {
  if (typeof value !== 'string') return false;
  try {
    return parseRegistryHost(value) === value;
  } catch {
    return false;
  }
}
