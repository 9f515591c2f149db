import { z } from 'zod';
import { type Digest, digestOf, isDigest } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { showLines } from '../../oci/show-value.ts';
import { partLimit, type SnapshotPart } from '../../ports/snapshot-store.ts';
import {
  type Seal,
  type SealKey,
  readSeal,
  readSealEvidence,
  sealToJson,
} from '../../trust/hand-off/seal.ts';
import { parseStrictJson } from '../../trust/strict-json.ts';

/**
 * All that a front end has to know beside the tree: what is published, and which mirrors there are. It names pieces by
 * digest, so that what has not changed is not fetched again, and one signature covers everything.
 */
export interface OriginSnapshot {
  /** Raised with every change; a front end never goes back. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** The publication serial. */
  readonly serial: number;
  readonly mirrors: SnapshotPart;
  readonly contents: SnapshotPart;
}

// Keys of this kind seal other files too: what is sealed says what it is.
const purpose = Buffer.from('signpost origin snapshot 1\n');

export const partSchema = z.strictObject({
  digest: z.custom<Digest>(isDigest),
  size: z.int().min(0).max(partLimit),
});

const document = z.strictObject({
  sequence: z.int().min(1),
  created: z.int().min(0),
  serial: z.int().min(0),
  mirrors: partSchema,
  contents: partSchema,
});

/** The bytes that are sealed. */
export function formatSnapshot(snapshot: OriginSnapshot): Uint8Array {
  return Buffer.from(JSON.stringify(snapshot));
}

/** What the seal is made over. */
export function snapshotMessage(body: Uint8Array): Uint8Array {
  return Buffer.concat([purpose, body]);
}

/** The file: a line with the seal, then the body. */
export function sealSnapshot(body: Uint8Array, seal: Seal): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify(sealToJson(seal))}\n`), body]);
}

/**
 * Reads a snapshot that the holder of `key` has sealed; nothing of it is looked at before the seal has been verified.
 * @throws SignpostError TRUST when the seal is not by that key, REQUEST_INVALID when what it covers is no snapshot
 */
export function openSnapshot(file: Uint8Array, key: SealKey): OriginSnapshot {
  const end = file.indexOf(0x0a);
  if (end < 0)
    throw new SignpostError('REQUEST_INVALID', 'the snapshot has no line with a seal: it is cut off');
  const seal = readSeal(parseStrictJson(file.subarray(0, end), 'the seal of the snapshot'), 'the snapshot');
  const body = file.subarray(end + 1);
  const evidence = readSealEvidence(seal, snapshotMessage(body), [key]);
  if (evidence.kind !== 'sealed') {
    throw new SignpostError(
      'TRUST',
      evidence.kind === 'forged'
        ? 'the snapshot was changed after it was sealed, or is damaged'
        : `the snapshot is sealed by another key than ${key.id}: look at origin.key in the configuration`,
    );
  }
  const read = document.safeParse(parseStrictJson(body, 'the snapshot'));
  if (!read.success) {
    throw new SignpostError(
      'REQUEST_INVALID',
      `the snapshot is not one: ${showLines(z.prettifyError(read.error))}`,
    );
  }
  return read.data;
}

/** The name under which a piece is fetched and kept. */
export function describePart(bytes: Uint8Array): SnapshotPart {
  return { digest: digestOf(bytes), size: bytes.length };
}
