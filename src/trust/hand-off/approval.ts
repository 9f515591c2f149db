import { SignpostError } from '../../oci/errors.ts';
import { type Read, countOf, readDigest } from '../json-reader.ts';
import { parseStrictJson } from '../strict-json.ts';
import { type SealEvidence, type SealKey, readSeal, readSealEvidence, sealToJson } from './seal.ts';
import { typedDocument } from './typed-document.ts';

const type = 'signpost-approval';

/** Says that whoever sealed it has looked at a signing request and wants it signed. */
export type Approval = Read<typeof readApproval>;
const readApproval = typedDocument(type, {
  /** The SHA-256 of the request's file: an approval holds for these bytes and no others. */
  request: readDigest,
  created: countOf('seconds since the epoch'),
  seal: readSeal,
});

/** An approval is a short file, in bytes. */
export const approvalLimit = 4096;

/** What the seal of an approval signs. */
export function approvalMessage({ request, created }: Omit<Approval, 'seal'>): Uint8Array {
  return Buffer.from(`signpost approval\n${request}\n${created}\n`);
}

export function formatApproval({ request, created, seal }: Approval): string {
  return `${JSON.stringify({ type, version: 1, request, created, seal: sealToJson(seal) })}\n`;
}

/** Reads an approval; its seal is not verified. Throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED. */
export function parseApproval(bytes: Uint8Array): Approval {
  if (bytes.length > approvalLimit) {
    throw new SignpostError('LIMIT_EXCEEDED', `the approval has more than ${approvalLimit} bytes`);
  }
  return readApproval(parseStrictJson(bytes, 'the approval'), 'the approval:');
}

/** Who approved. Never throws. */
export function readApprovalEvidence(approval: Approval, approvers: readonly SealKey[]): SealEvidence {
  return readSealEvidence(approval.seal, approvalMessage(approval), approvers);
}
