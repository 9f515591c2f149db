import { type Digest, isDigest } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import {
  type Seal,
  type SealEvidence,
  type SealKey,
  parseSeal,
  readSealEvidence,
  sealToJson,
} from './seal.ts';
import { isCount, parseStrictJson, readField, readFields } from '../strict-json.ts';

/** Says that whoever sealed it has looked at a signing request and wants it signed. */
export interface Approval {
  /** The SHA-256 of the request's file: an approval holds for these bytes and no others. */
  readonly request: Digest;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly seal: Seal;
}

/** An approval is a short file, in bytes. */
export const approvalLimit = 4096;

const type = 'signpost-approval';

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
  const where = 'the approval';
  const keys = ['type', 'version', 'request', 'created', 'seal'] as const;
  const fields = readFields(parseStrictJson(bytes, where), keys, where);
  readField(fields.type, (value): value is string => value === type, `"${type}"`, `${where}'s type`);
  readField(
    fields.version,
    (value): value is 1 => value === 1,
    '1: use a newer Signpost',
    `${where}'s version`,
  );
  return {
    request: readField(fields.request, isDigest, 'a digest', `${where}'s request`),
    created: readField(fields.created, isCount, 'seconds since the epoch', `${where}'s created`),
    seal: parseSeal(fields.seal, `${where}'s seal`),
  };
}

/** Who approved. Never throws. */
export function readApprovalEvidence(approval: Approval, approvers: readonly SealKey[]): SealEvidence {
  return readSealEvidence(approval.seal, approvalMessage(approval), approvers);
}
