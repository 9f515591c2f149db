import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { isArray, isCount, readField } from '../strict-json.ts';
import { type DelegatedRole, type Delegations, type SuccinctRoles, topRoles } from './metadata.ts';
import { type Fields, isText, readAnyKeys, readAnyRoleKeys, readObject } from './read-any-keys.ts';

/**
 * Delegations of any form (TUF 1.0, section 4.5; TAP 15 for succinct ones): roles in their order, or bins.
 * @throws SignpostError REQUEST_INVALID
 */
export function readAnyDelegations(value: unknown, where: string): Delegations {
  const fields = readObject(value, where);
  const keys = readAnyKeys(fields.keys, `${where} keys`);
  if (fields.succinct_roles !== undefined) {
    if (fields.roles !== undefined) throw invalid(`${where} has both "roles" and "succinct_roles"`);
    return { keys, roles: [], succinct: readSuccinct(fields.succinct_roles, `${where} succinct_roles`) };
  }
  const roles = readField(fields.roles, isArray, 'a list', `${where} roles`).map((item) =>
    readRole(readObject(item, `${where} role`), where),
  );
  if (new Set(roles.map(({ name }) => name)).size !== roles.length)
    throw invalid(`${where} has a role twice`);
  return { keys, roles };
}

function readRole(fields: Fields, where: string): DelegatedRole {
  const { paths, path_hash_prefixes: prefixes, terminating } = fields;
  const name = readField(fields.name, isRoleName, 'the name of a role', `${where} role`);
  const own = `${where} role ${quote(name)}`;
  if ((paths === undefined) === (prefixes === undefined)) {
    throw invalid(`${own} must have either "paths" or "path_hash_prefixes"`);
  }
  const keys = readAnyRoleKeys(fields, own);
  const final = readField(terminating, isBoolean, 'true or false', `${own} terminating`);
  return {
    name,
    ...keys,
    terminating: final,
    ...(paths === undefined
      ? { pathHashPrefixes: readTexts(prefixes, isPrefix, 'hexadecimal digits', `${own} path_hash_prefixes`) }
      : { paths: readTexts(paths, isPattern, 'a pattern of 1 to 255 characters', `${own} paths`) }),
  };
}

function readSuccinct(value: unknown, where: string): SuccinctRoles {
  const fields = readObject(value, where);
  return {
    ...readAnyRoleKeys(fields, where),
    bitLength: readField(fields.bit_length, isBitLength, '1 to 32', `${where} bit_length`),
    namePrefix: readField(fields.name_prefix, isText, 'a text', `${where} name_prefix`),
  };
}

function readTexts(
  value: unknown,
  accepts: (value: unknown) => value is string,
  expected: string,
  where: string,
): readonly string[] {
  return readField(value, isArray, 'a list', where).map((item) => readField(item, accepts, expected, where));
}

/** No delegated role may take the place of one that every repository has. */
function isRoleName(value: unknown): value is string {
  return isText(value) && value.length <= 200 && !(topRoles as readonly string[]).includes(value);
}

function isPattern(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 255;
}

function isPrefix(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{1,64}$/.test(value);
}

function isBitLength(value: unknown): value is number {
  return isCount(value) && value > 0 && value <= 32;
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
