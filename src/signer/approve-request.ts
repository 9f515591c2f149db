import { SignpostError } from '../oci/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { NewFile } from '../ports/new-file.ts';
import type { SealSigner } from '../ports/seal-signer.ts';
import { describeClockDoubts, usualRequestAge } from '../trust/compare-clocks.ts';
import { approvalMessage, formatApproval } from '../trust/hand-off/approval.ts';
import { type ReadRequest, readRequest } from './read-request.ts';

export interface ApproveDeps {
  readonly approver: SealSigner;
  readonly clock: Clock;
  /** Shows a person what would be approved, and why the clocks do not fit together. False ends the work. */
  readonly review: (request: ReadRequest, clockDoubts: readonly string[]) => Promise<boolean>;
  readonly createFile: (keyHex: string) => Promise<NewFile>;
}

/**
 * Writes an approval of a request, which holds for its bytes and no others. Whoever approves has seen what the
 * signatures will cover, derived from the bytes.
 * @returns where the approval is
 * @throws SignpostError REQUEST_INVALID, MANIFEST_INVALID, LIMIT_EXCEEDED, CANCELLED, STORAGE
 */
export async function approveRequest(
  { approver, clock, review, createFile }: ApproveDeps,
  lines: AsyncIterable<Uint8Array>,
): Promise<{ readonly path: string; readonly request: string; readonly key: string }> {
  const read = await readRequest(lines);
  const dated = { header: read.header, images: [] };
  const doubts = describeClockDoubts(dated, usualRequestAge, clock.now());
  if (!(await review(read, doubts))) throw new SignpostError('CANCELLED', 'nothing was approved');
  const content = { request: read.request, created: Math.floor(clock.now() / 1000) };
  const seal = await approver.seal(approvalMessage(content));
  const file = await createFile(seal.key.slice('sha256:'.length));
  try {
    await file.write(formatApproval({ ...content, seal }));
    await file.release();
  } finally {
    await file.discard();
  }
  return { path: file.path, request: read.request, key: seal.key };
}
