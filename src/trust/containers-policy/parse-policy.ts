import { quote } from '../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import { isArray, parseStrictJson, readBase64, readField, readFields } from '../strict-json.ts';
import type { ContainersPolicy, PolicyRequirement, SignedIdentity, SigningKeys } from './policy.ts';

/** In bytes; no policy that people write comes near. */
export const containersPolicyLimit = 4 * 1024 * 1024;

/**
 * Reads a policy.json file as strictly as containers/image does: unknown fields, duplicate keys and unknown kinds are
 * refused, since something that was meant to be demanded must never be passed over.
 * @throws SignpostError CONFIG_INVALID with the path of what is wrong, its value and what was expected
 */
export function parseContainersPolicy(bytes: Uint8Array, file: string): ContainersPolicy {
  try {
    const value = parseStrictJson(bytes, file);
    const top = readSome(value, ['default'], ['transports'], file);
    const transports = readMap(top.transports ?? {}, `${file}: transports`);
    const scopes = new Map<string, readonly PolicyRequirement[]>();
    for (const [transport, entries] of Object.entries(transports)) {
      const where = `transports[${quote(transport)}]`;
      for (const [scope, list] of Object.entries(readMap(entries, where))) {
        // Other transports have no images in registries; their entries have to be right all the same.
        const requirements = readRequirements(list, `${where}[${quote(scope)}]`);
        if (transport === 'docker') scopes.set(scope, requirements);
      }
    }
    return { default: readRequirements(top.default, 'default'), docker: scopes };
  } catch (cause) {
    if (!isSignpostError(cause, 'REQUEST_INVALID')) throw cause;
    const message = cause.message.startsWith(file) ? cause.message : `${file}: ${cause.message}`;
    throw new SignpostError('CONFIG_INVALID', message, { cause });
  }
}

function readRequirements(value: unknown, where: string): readonly PolicyRequirement[] {
  const list = readField(
    value,
    (found): found is readonly unknown[] => isArray(found) && found.length > 0 && found.length <= 64,
    'a list of 1 to 64 requirements',
    where,
  );
  return list.map((item, index) => readRequirement(item, `${where}[${index}]`));
}

function readRequirement(value: unknown, where: string): PolicyRequirement {
  const { type } = readMap(value, where);
  switch (type) {
    case 'insecureAcceptAnything':
    case 'reject':
      readFields(value, ['type'] as const, where);
      return { type };
    case 'signedBy':
      return readSignedBy(value, where);
    case 'sigstoreSigned':
      return { type };
    default:
      return readField(type, nothing, knownTypes, `${where}.type`);
  }
}

const knownTypes = '"insecureAcceptAnything", "reject", "signedBy" or "sigstoreSigned"';

function readSignedBy(value: unknown, where: string): PolicyRequirement {
  const fields = readSome(
    value,
    ['type', 'keyType'],
    ['keyPath', 'keyPaths', 'keyData', 'signedIdentity'],
    where,
  );
  readField(fields.keyType, (type): type is string => type === 'GPGKeys', '"GPGKeys"', `${where}.keyType`);
  const given = (['keyPath', 'keyPaths', 'keyData'] as const).filter((key) => fields[key] !== undefined);
  readField(
    given,
    (found): found is typeof given => isArray(found) && found.length === 1,
    'exactly one of "keyPath", "keyPaths" and "keyData"',
    `${where}: what it has of keys`,
  );
  const identity = fields.signedIdentity;
  return {
    type: 'signedBy',
    keys: readKeys(fields, where),
    signedIdentity:
      identity === undefined
        ? { type: 'matchRepoDigestOrExact' }
        : readIdentity(identity, `${where}.signedIdentity`),
  };
}

function readKeys(fields: Readonly<Record<string, unknown>>, where: string): SigningKeys {
  if (fields.keyData !== undefined) return { keyData: readBase64(fields.keyData, `${where}.keyData`) };
  const paths = fields.keyPaths ?? [fields.keyPath];
  const list = readField(
    paths,
    (found): found is readonly unknown[] => isArray(found) && found.length > 0 && found.length <= 64,
    'a list of 1 to 64 files',
    `${where}.keyPaths`,
  );
  return { keyPaths: list.map((path) => readText(path, `${where}.keyPath`)) };
}

function readIdentity(value: unknown, where: string): SignedIdentity {
  const { type } = readMap(value, where);
  switch (type) {
    case 'matchRepoDigestOrExact':
    case 'matchExact':
    case 'matchRepository':
      readFields(value, ['type'] as const, where);
      return { type };
    case 'exactReference': {
      const { dockerReference } = readFields(value, ['type', 'dockerReference'] as const, where);
      return { type, dockerReference: readText(dockerReference, `${where}.dockerReference`) };
    }
    case 'exactRepository': {
      const { dockerRepository } = readFields(value, ['type', 'dockerRepository'] as const, where);
      return { type, dockerRepository: readText(dockerRepository, `${where}.dockerRepository`) };
    }
    case 'remapIdentity': {
      const { prefix, signedPrefix } = readFields(value, ['type', 'prefix', 'signedPrefix'] as const, where);
      return {
        type,
        prefix: readText(prefix, `${where}.prefix`),
        signedPrefix: readText(signedPrefix, `${where}.signedPrefix`),
      };
    }
    default:
      return readField(type, nothing, knownIdentities, `${where}.type`);
  }
}

const knownIdentities =
  '"matchRepoDigestOrExact", "matchExact", "matchRepository", "exactReference", "exactRepository" or "remapIdentity"';

/** An object with all of `needed`, some of `allowed`, and nothing else. */
function readSome<N extends string, A extends string>(
  value: unknown,
  needed: readonly N[],
  allowed: readonly A[],
  where: string,
): Readonly<Record<N | A, unknown>> {
  const map = readMap(value, where);
  const present = allowed.filter((key) => Object.hasOwn(map, key));
  return readFields<N | A>(value, [...needed, ...present], where);
}

function readMap(value: unknown, where: string): Readonly<Record<string, unknown>> {
  return readField(
    value,
    (found): found is Record<string, unknown> =>
      typeof found === 'object' && found !== null && !Array.isArray(found),
    'an object',
    where,
  );
}

function readText(value: unknown, where: string): string {
  return readField(
    value,
    (found): found is string => typeof found === 'string' && found !== '' && found.length <= 4096,
    'a text that is not empty',
    where,
  );
}

function nothing(_value: unknown): _value is never {
  return false;
}
