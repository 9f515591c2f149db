import { SignpostError } from '../../oci/errors.ts';
import { quote } from '../../oci/digest.ts';
import {
  type Reader,
  constantOf,
  listOf,
  mapOf,
  objectOf,
  textOf,
  textUpTo,
  variantOf,
} from '../json-reader.ts';
import { keyIdOf } from './key.ts';
import { type RoleKeys, readPositive } from './read-any-keys.ts';

const readKeyMap = mapOf(
  variantOf('scheme', {
    'ecdsa-sha2-nistp256': objectOf({
      keytype: constantOf('ecdsa'),
      scheme: constantOf('ecdsa-sha2-nistp256'),
      keyval: objectOf({
        public: textOf(
          /^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]{1,400}\n-----END PUBLIC KEY-----\n?$/,
          'a public key in PEM',
        ),
      }),
    }),
    ed25519: objectOf({
      keytype: constantOf('ed25519'),
      scheme: constantOf('ed25519'),
      keyval: objectOf({ public: textOf(/^[0-9a-f]{64}$/, '64 hexadecimal digits') }),
    }),
  }),
);

/** The keys of a root or of delegations, as Signpost writes them. */
export const readKeys = keysOf(readKeyMap, keyIdOf);

/** Each key stands under its own identifier: one key under two could count twice. */
export function keysOf<K>(
  read: Reader<Readonly<Record<string, K>>>,
  idOf: (key: K) => string,
): Reader<Readonly<Record<string, K>>> {
  return (value, where) => {
    const keys = read(value, where);
    const wrong = Object.entries(keys).find(([id, key]) => idOf(key) !== id);
    if (wrong === undefined) return keys;
    throw invalid(`${where}: ${quote(wrong[0])} is not the identifier of its key`);
  };
}

export const strictRoleFields = {
  keyids: listOf(textUpTo(512, 'the identifier of a key')),
  threshold: readPositive,
};
export const readStrictRole = objectOf(strictRoleFields);

/**
 * Refuses a role with keys that are not there, or twice, or with less of them than have to sign.
 * @throws SignpostError REQUEST_INVALID
 */
export function checkRoleKeys(
  { keyids, threshold }: RoleKeys,
  keys: Readonly<Record<string, unknown>>,
  where: string,
): void {
  if (new Set(keyids).size !== keyids.length || !keyids.every((id) => Object.hasOwn(keys, id))) {
    throw invalid(`${where} names a key twice, or one that is not there`);
  }
  if (threshold > keyids.length) {
    throw invalid(`${where} asks for ${threshold} signatures of ${keyids.length} keys`);
  }
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
