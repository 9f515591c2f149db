import { createHash } from 'node:crypto';
import { parseGlob } from '../glob.ts';
import type { DelegatedRole, Delegations, SuccinctRoles } from './read-any-delegations.ts';

/**
 * The roles that are asked, in their order (TUF 1.0, 5.6.7.2). `final` when one of them is terminating: then nothing after it
 * is asked.
 */
export function chooseRoles(
  { roles, succinct }: Delegations,
  path: string,
): { readonly roles: readonly DelegatedRole[]; readonly final: boolean } {
  if (succinct !== undefined) return { roles: [binOf(succinct, path)], final: false };
  const chosen: DelegatedRole[] = [];
  for (const role of roles) {
    if (!maySign(role, path)) continue;
    chosen.push(role);
    if (role.terminating) return { roles: chosen, final: true };
  }
  return { roles: chosen, final: false };
}

/** Section 4.5, "paths" and "path_hash_prefixes". */
export function maySign({ paths, pathHashPrefixes = [] }: DelegatedRole, path: string): boolean {
  if (paths !== undefined) return paths.some((pattern) => matchesPattern(pattern, path));
  const hash = sha256(path).toString('hex');
  return pathHashPrefixes.some((prefix) => hash.startsWith(prefix));
}

/** The role of a name among delegations; undefined when nothing is delegated to it. */
export function findRole({ roles, succinct }: Delegations, name: string): DelegatedRole | undefined {
  if (succinct === undefined) return roles.find((role) => role.name === name);
  const number = new RegExp(`^[0-9a-f]{${digitsOf(succinct)}}$`).exec(
    name.slice(succinct.namePrefix.length + 1),
  )?.[0];
  const bin = Number.parseInt(number ?? '', 16);
  const known = name.startsWith(`${succinct.namePrefix}-`) && bin < 2 ** succinct.bitLength;
  return known ? toRole(succinct, bin) : undefined;
}

// In TUF a star stands for no slash, and two stars for the same as one.
function matchesPattern(pattern: string, path: string): boolean {
  return parseGlob(pattern.replaceAll(/\*{2,}/g, '*'))(path);
}

/** TAP 15: the first bits of the path's hash are the bin's number. */
function binOf(succinct: SuccinctRoles, path: string): DelegatedRole {
  return toRole(succinct, sha256(path).readUInt32BE(0) >>> (32 - succinct.bitLength));
}

function toRole(succinct: SuccinctRoles, bin: number): DelegatedRole {
  const { keyids, threshold, namePrefix, bitLength } = succinct;
  const digits = bin.toString(16).padStart(digitsOf(succinct), '0');
  const prefixes = prefixesOf(bin, bitLength);
  return {
    name: `${namePrefix}-${digits}`,
    keyids,
    threshold,
    terminating: false,
    pathHashPrefixes: prefixes,
  };
}

/** The hexadecimal prefixes that a bin stands for: its bits may end within a digit. */
function prefixesOf(bin: number, bitLength: number): readonly string[] {
  const digits = Math.ceil(bitLength / 4);
  const spare = digits * 4 - bitLength;
  return Array.from({ length: 2 ** spare }, (_, low) =>
    (bin * 2 ** spare + low).toString(16).padStart(digits, '0'),
  );
}

function digitsOf({ bitLength }: SuccinctRoles): number {
  return (2 ** bitLength - 1).toString(16).length;
}

function sha256(path: string): Buffer {
  return createHash('sha256').update(path).digest();
}
