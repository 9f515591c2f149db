import { SignpostError } from '../oci/errors.ts';
import type { RawSigner } from '../ports/raw-signing.ts';
import { checkSignatures, countSignatures } from '../trust/tuf/check-signatures.ts';
import { keyIdOf, tufKeyOf } from '../trust/tuf/key.ts';
import type { Root } from '../trust/tuf/metadata.ts';
import { type TopRole, topRoles } from '../trust/tuf/names.ts';
import type { Signed } from '../trust/tuf/signed-file.ts';
import { formatMetadata, nextRoot, signedBytes } from '../trust/tuf/next-metadata.ts';
import { readStrictMetadata } from '../trust/tuf/read-strict-metadata.ts';

/** Public keys in DER SubjectPublicKeyInfo, and how many of them have to sign. */
export type RootPlan = Readonly<
  Record<TopRole, { readonly keys: readonly Uint8Array[]; readonly threshold: number }>
>;

/**
 * The root that follows `previous`, with no signature yet: each holder of a root key adds one, of the old and of the
 * new keys alike.
 * @throws SignpostError TRUST, REQUEST_INVALID
 */
export function draftRoot(previous: Uint8Array | undefined, plan: RootPlan, expires: number): Uint8Array {
  const before = previous && readStrictMetadata(previous, 'root', 'the previous root').signed;
  const role = (name: TopRole) => ({ keys: plan[name].keys.map(tufKeyOf), threshold: plan[name].threshold });
  const roles = {
    root: role('root'),
    timestamp: role('timestamp'),
    snapshot: role('snapshot'),
    targets: role('targets'),
  };
  const draft = formatMetadata(nextRoot(before, roles, expires), []);
  // What could not be read again must not go round.
  readStrictMetadata(draft, 'root', 'the new root');
  return draft;
}

/** Adds a key holder's signature to a draft. Throws SignpostError REQUEST_INVALID, DENIED. */
export async function signRoot(draft: Uint8Array, signer: RawSigner): Promise<Uint8Array> {
  const { signed, signatures } = readStrictMetadata(draft, 'root', 'the draft');
  const keyid = keyIdOf(tufKeyOf(signer.publicKey));
  const sig = Buffer.from(await signer.sign(signedBytes(signed))).toString('hex');
  return formatMetadata(signed, [...signatures.filter((item) => item.keyid !== keyid), { keyid, sig }]);
}

/**
 * Puts the signatures of several copies of a draft together.
 * @throws SignpostError TRUST when there are too few, or the copies are of different drafts, REQUEST_INVALID
 */
export function finishRoot(
  previous: Uint8Array | undefined,
  drafts: readonly Uint8Array[],
): { readonly root: Root; readonly bytes: Uint8Array } {
  const files = drafts.map((bytes, index) => readStrictMetadata(bytes, 'root', `draft ${index + 1}`));
  const [first] = files;
  if (first === undefined) throw new SignpostError('USAGE', 'name the signed copies of the draft');
  const { signed } = first;
  const message = Buffer.from(signedBytes(signed));
  if (files.some((file) => !message.equals(signedBytes(file.signed)))) {
    throw new SignpostError('TRUST', 'the copies are of different drafts: start again from one');
  }
  const signatures = new Map(
    files.flatMap((file) => file.signatures.map((item) => [item.keyid, item] as const)),
  );
  const file: Signed<Root> = { signed, signatures: [...signatures.values()], covered: message };
  checkSignatures(file, signed.keys, signed.roles.root, 'the new root');
  if (previous !== undefined) {
    const before = readStrictMetadata(previous, 'root', 'the previous root').signed;
    checkSignatures(file, before.keys, before.roles.root, 'the new root, for who trusts the one before it,');
    if (signed.version !== before.version + 1) {
      throw new SignpostError(
        'ROLLBACK',
        `version ${signed.version} does not follow version ${before.version}`,
      );
    }
  } else if (signed.version !== 1) {
    throw new SignpostError('USAGE', `version ${signed.version} follows another: name it with --previous`);
  }
  return { root: signed, bytes: formatMetadata(signed, file.signatures) };
}

/** A root in words, for who is to sign it. */
export function describeRoot(bytes: Uint8Array): readonly string[] {
  const file = readStrictMetadata(bytes, 'root', 'the root');
  const { version, expires, keys, roles } = file.signed;
  const have = countSignatures(file, keys, roles.root.keyids);
  return [
    `TUF root, version ${version}, valid until ${expires}`,
    ...topRoles.map((role) => {
      const { keyids, threshold } = roles[role];
      return `  ${role.padEnd(9)} ${threshold} of ${keyids.length}: ${keyids.map((id) => id.slice(0, 16)).join(' ')}`;
    }),
    `  signed by ${have} of its own root keys so far`,
  ];
}
