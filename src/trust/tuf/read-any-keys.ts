import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { isArray, isCount, readField } from '../strict-json.ts';
import type { TufKey } from './key.ts';
import type { Keys, RoleKeys } from './metadata.ts';

export type Fields = Readonly<Record<string, unknown>>;

const keysLimit = 4096;

/**
 * The keys of a root or of delegations that somebody else may have made. One of a kind that is not known here signs
 * nothing, and spoils nothing.
 * @throws SignpostError REQUEST_INVALID
 */
export function readAnyKeys(value: unknown, where: string): Keys {
  const keys = Object.entries(readObject(value, where));
  if (keys.length > keysLimit) throw invalid(`${where}: ${keys.length} are too many`);
  return Object.fromEntries(
    keys.map(([id, item]): readonly [string, TufKey] => {
      const { keytype, scheme, keyval } = readObject(item, `${where} ${quote(id)}`);
      const { public: key } = readObject(keyval, `${where} ${quote(id)} keyval`);
      return [
        id,
        {
          keytype: readField(keytype, isText, 'a text', `${where} ${quote(id)} keytype`),
          scheme: readField(scheme, isText, 'a text', `${where} ${quote(id)} scheme`),
          keyval: { public: readField(key, isKey, 'a public key', `${where} ${quote(id)}`) },
        },
      ];
    }),
  );
}

/** Which keys a role has, and how many of them must sign. Throws SignpostError REQUEST_INVALID. */
export function readAnyRoleKeys({ keyids, threshold }: Fields, where: string): RoleKeys {
  const ids = readField(keyids, isArray, 'a list', `${where} keyids`);
  if (ids.length > keysLimit) throw invalid(`${where}: ${ids.length} keys are too many`);
  return {
    keyids: [
      ...new Set(ids.map((id) => readField(id, isText, 'the identifier of a key', `${where} keyids`))),
    ],
    threshold: readField(threshold, isThreshold, 'a whole number from 1 on', `${where} threshold`),
  };
}

/** @throws SignpostError REQUEST_INVALID */
export function readObject(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw invalid(`${where} is ${quote(value)}: expected an object`);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 512;
}

function isThreshold(value: unknown): value is number {
  return isCount(value) && value > 0;
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 4096;
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
