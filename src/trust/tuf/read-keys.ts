import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { isArray, isCount, readField, readFields } from '../strict-json.ts';
import { type TufKey, keyIdOf } from './key.ts';
import type { Keys, RoleKeys } from './metadata.ts';

const pemPattern = /^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]{1,400}\n-----END PUBLIC KEY-----\n?$/;

/**
 * The keys of a root or of delegations. Each stands under its own identifier: one key under two could count twice.
 * @throws SignpostError REQUEST_INVALID
 */
export function readKeys(value: unknown, where: string): Keys {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SignpostError('REQUEST_INVALID', `${where} are ${quote(value)}: expected an object`);
  }
  const keys = Object.entries(value).map(([id, item]): readonly [string, TufKey] => {
    const key = readKey(item, `${where} ${quote(id)}`);
    if (keyIdOf(key) !== id) {
      throw new SignpostError('REQUEST_INVALID', `${where}: ${quote(id)} is not the identifier of its key`);
    }
    return [id, key];
  });
  return Object.fromEntries(keys);
}

/** Which of `keys` a role has, and how many of them must sign. Throws SignpostError REQUEST_INVALID. */
export function readRoleKeys(
  fields: { readonly keyids: unknown; readonly threshold: unknown },
  keys: Keys,
  where: string,
): RoleKeys {
  const keyids = readField(fields.keyids, isArray, 'a list', `${where} keyids`);
  const threshold = readField(fields.threshold, isCount, 'a whole number', `${where} threshold`);
  const known = keyids.filter((id): id is string => typeof id === 'string' && Object.hasOwn(keys, id));
  if (known.length !== keyids.length || new Set(known).size !== known.length) {
    throw new SignpostError('REQUEST_INVALID', `${where} names a key twice, or one that is not there`);
  }
  if (threshold < 1 || threshold > known.length) {
    throw new SignpostError(
      'REQUEST_INVALID',
      `${where} asks for ${threshold} signatures of ${known.length} keys`,
    );
  }
  return { keyids: known, threshold };
}

function readKey(value: unknown, where: string): TufKey {
  const { keytype, scheme, keyval } = readFields(value, ['keytype', 'scheme', 'keyval'] as const, where);
  const key = readFields(keyval, ['public'] as const, `${where} keyval`).public;
  if (keytype === 'ecdsa' && scheme === 'ecdsa-sha2-nistp256') {
    return { keytype, scheme, keyval: { public: readField(key, isPem, 'a public key in PEM', where) } };
  }
  if (keytype === 'ed25519' && scheme === 'ed25519') {
    return { keytype, scheme, keyval: { public: readField(key, isRaw, '64 hexadecimal digits', where) } };
  }
  throw new SignpostError(
    'REQUEST_INVALID',
    `${where} is for ${quote(scheme)}: expected ecdsa-sha2-nistp256 or ed25519`,
  );
}

function isPem(value: unknown): value is string {
  return typeof value === 'string' && value.length < 600 && pemPattern.test(value);
}

function isRaw(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
