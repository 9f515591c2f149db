import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { isArray, readField, readFields } from '../strict-json.ts';
import type { DelegatedRole, Targets } from './metadata.ts';
import { pathsOfRepository, repositoryOfRole } from './names.ts';
import { readKeys, readRoleKeys } from './read-keys.ts';

/**
 * The delegations of the targets role: one for each repository, each for that repository's tags alone, and final.
 * @throws SignpostError REQUEST_INVALID
 */
export function readDelegations(value: unknown, where: string): NonNullable<Targets['delegations']> {
  const fields = readFields(value, ['keys', 'roles'] as const, `${where} delegations`);
  const keys = readKeys(fields.keys, `${where} delegations' keys`);
  const seen = new Set<string>();
  const roles = readField(fields.roles, isArray, 'a list', `${where} delegations' roles`).map(
    (item): DelegatedRole => {
      const role = readFields(
        item,
        ['name', 'paths', 'terminating', 'keyids', 'threshold'] as const,
        `${where} delegations`,
      );
      const repository = typeof role.name === 'string' ? repositoryOfRole(role.name) : undefined;
      const name = String(role.name);
      if (repository === undefined || seen.has(name)) {
        throw invalid(
          `${where} delegates to ${quote(role.name)}, which is no repository's role or comes twice`,
        );
      }
      seen.add(name);
      const paths = pathsOfRepository(repository);
      if (JSON.stringify(role.paths) !== JSON.stringify(paths) || role.terminating !== true) {
        throw invalid(
          `${where} delegates other paths to ${quote(name)} than ${paths.join(', ')}, or not finally`,
        );
      }
      return { name, paths, terminating: true, ...readRoleKeys(role, keys, `${where} role ${quote(name)}`) };
    },
  );
  return { keys, roles };
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
