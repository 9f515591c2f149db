import { type Read, type Reader, countOf, listOf, mapOf, partOf, textUpTo } from '../json-reader.ts';

const keysLimit = 4096;

export const readText = textUpTo(512, 'a text of 1 to 512 characters', 1);
/** How many signatures are needed, or the version of a file. */
export const readPositive = countOf('a whole number from 1 on', 1);

/**
 * The keys of a root or of delegations that somebody else may have made. One of a kind that is not known here signs
 * nothing, and spoils nothing.
 */
export type Keys = Read<typeof readAnyKeys>;
export const readAnyKeys = mapOf(
  partOf({ keytype: readText, scheme: readText, keyval: partOf({ public: textUpTo(4096, 'a public key') }) }),
  0,
  keysLimit,
);

const readKeyIds = listOf(readText, 0, keysLimit);
const readDistinct: Reader<readonly string[]> = (value, where) => [...new Set(readKeyIds(value, where))];

/** Which keys a role has, and how many of them must sign. */
export const roleKeyFields = { keyids: readDistinct, threshold: readPositive };
export type RoleKeys = Read<typeof readAnyRoleKeys>;
export const readAnyRoleKeys = partOf(roleKeyFields);
