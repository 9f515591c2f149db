import type { Digest } from '../oci/digest.ts';
import { parseApproval, readApprovalEvidence } from '../trust/hand-off/approval.ts';
import type { SealKey } from '../trust/hand-off/seal.ts';

/** Which of `approvers` approved which request. Approvals that do not hold count for nothing. */
export function readApprovals(
  files: readonly Uint8Array[],
  approvers: readonly SealKey[],
): ReadonlyMap<Digest, readonly Digest[]> {
  const given = new Map<Digest, Digest[]>();
  for (const bytes of files) {
    const found = readOne(bytes, approvers);
    if (found === undefined) continue;
    const keys = given.get(found.request) ?? [];
    given.set(found.request, keys);
    if (!keys.includes(found.key)) keys.push(found.key);
  }
  return given;
}

function readOne(
  bytes: Uint8Array,
  approvers: readonly SealKey[],
): { readonly request: Digest; readonly key: Digest } | undefined {
  try {
    const approval = parseApproval(bytes);
    const evidence = readApprovalEvidence(approval, approvers);
    return evidence.kind === 'sealed' ? { request: approval.request, key: evidence.key } : undefined;
  } catch {
    // One that cannot be read, for whatever reason, must not keep the others from counting.
    return undefined;
  }
}
