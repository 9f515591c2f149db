import { SignpostError } from '../../oci/errors.ts';
import { countOf, listOf, partOf, readBoolean, textOf, textUpTo, valueOf } from '../json-reader.ts';
import { topRoles } from './names.ts';
import { type Keys, type RoleKeys, readAnyKeys, readText, roleKeyFields } from './read-any-keys.ts';

/** Which paths a role may sign: those of the patterns, or those whose SHA-256 begins so. */
export interface DelegatedRole extends RoleKeys {
  readonly name: string;
  readonly paths?: readonly string[] | undefined;
  readonly pathHashPrefixes?: readonly string[] | undefined;
  readonly terminating: boolean;
}

/** Many roles of the same keys, of which each has an equal share of all paths by their SHA-256 (TAP 15). */
export interface SuccinctRoles extends RoleKeys {
  readonly bitLength: number;
  readonly namePrefix: string;
}

export interface Delegations {
  readonly keys: Keys;
  readonly roles: readonly DelegatedRole[];
  readonly succinct?: SuccinctRoles | undefined;
}

const readRole = partOf(
  { name: valueOf(isRoleName, 'the name of a role'), ...roleKeyFields, terminating: readBoolean },
  {
    paths: listOf(textUpTo(255, 'a pattern of 1 to 255 characters', 1)),
    path_hash_prefixes: listOf(textOf(/^[0-9a-f]{1,64}$/, 'hexadecimal digits')),
  },
);
const readFields = partOf(
  { keys: readAnyKeys },
  {
    roles: listOf(readDelegatedRole),
    succinct_roles: partOf({
      ...roleKeyFields,
      bit_length: countOf('1 to 32', 1, 32),
      name_prefix: readText,
    }),
  },
);

/** Delegations of any form (TUF 1.0, section 4.5; TAP 15 for succinct ones): roles in their order, or bins. */
export function readAnyDelegations(value: unknown, where: string): Delegations {
  const { keys, roles, succinct_roles: succinct } = readFields(value, where);
  if ((roles === undefined) === (succinct === undefined)) {
    throw invalid(`${where} must have either "roles" or "succinct_roles"`);
  }
  if (succinct !== undefined) {
    const { bit_length: bitLength, name_prefix: namePrefix, ...keysOfBins } = succinct;
    return { keys, roles: [], succinct: { ...keysOfBins, bitLength, namePrefix } };
  }
  if (new Set(roles?.map(({ name }) => name)).size !== roles?.length)
    throw invalid(`${where} has a role twice`);
  return { keys, roles };
}

function readDelegatedRole(value: unknown, where: string): DelegatedRole {
  const { path_hash_prefixes: pathHashPrefixes, ...role } = readRole(value, where);
  if ((role.paths === undefined) === (pathHashPrefixes === undefined)) {
    throw invalid(`${where} must have either "paths" or "path_hash_prefixes"`);
  }
  return { ...role, pathHashPrefixes };
}

/** No delegated role may take the place of one that every repository has. */
function isRoleName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= 200 &&
    !(topRoles as readonly string[]).includes(value)
  );
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
