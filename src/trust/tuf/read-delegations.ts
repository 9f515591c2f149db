import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { constantOf, listOf, objectOf, textUpTo } from '../json-reader.ts';
import { pathsOfRepository, repositoryOfRole } from './names.ts';
import type { Delegations } from './read-any-delegations.ts';
import { checkRoleKeys, readKeys, strictRoleFields } from './read-keys.ts';

const readFields = objectOf({
  keys: readKeys,
  roles: listOf(
    objectOf({
      name: textUpTo(512, 'the name of a role'),
      paths: listOf(textUpTo(512, 'a path')),
      terminating: constantOf(true),
      ...strictRoleFields,
    }),
  ),
});

/** The delegations of the targets role: one for each repository, each for that repository's tags alone, and final. */
export function readDelegations(value: unknown, where: string): Delegations {
  const { keys, roles } = readFields(value, where);
  const seen = new Set<string>();
  for (const role of roles) {
    const repository = repositoryOfRole(role.name);
    if (repository === undefined || seen.has(role.name)) {
      throw invalid(`${where} has ${quote(role.name)}, which is no repository's role or comes twice`);
    }
    seen.add(role.name);
    const paths = pathsOfRepository(repository);
    if (JSON.stringify(role.paths) !== JSON.stringify(paths)) {
      throw invalid(`${where} has other paths for ${quote(role.name)} than ${paths.join(', ')}`);
    }
    checkRoleKeys(role, keys, `${where} role ${quote(role.name)}`);
  }
  return { keys, roles };
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
