import { type ProbeTarget } from '../../ports/mirror-probe.ts';
import type { ByteRange } from '../../oci/range.ts';

/** One part of one blob, or all of it. */
export interface Check {
  readonly target: ProbeTarget;
  readonly range: ByteRange;
  /** `head` asks whether it is there; `whole` reads it and compares its digest. Otherwise the range is compared. */
  readonly how?: 'head' | 'whole';
}

/** The most that one request of a probe asks for, in bytes. */
export const pieceSize = 64 * 1024;
/** A blob of this size or less is checked whole on evidence, so that no wrong byte in it can hide. In bytes. */
export const wholeCheckSize = 4 * 1024 * 1024;
/** Pieces of a whole check: large enough to be few, small enough to arrive within the timeout on a slow line. */
const wholePieceSize = 256 * 1024;

/**
 * One piece for an ordinary probe. One in three is the end, where a truncated file shows. `random` is from 0
 * (included) to 1 (excluded).
 */
export function ordinaryRange(size: number, random: () => number): ByteRange {
  const last = Math.max(0, size - pieceSize);
  const start = random() < 1 / 3 ? last : Math.floor(random() * (last + 1));
  return { start, end: Math.min(size, start + pieceSize) - 1 };
}

/** The piece that begins where a client went on, which is somewhere in the blob. */
export function pieceAt(size: number, offset: number): ByteRange {
  return { start: offset, end: Math.min(size, offset + pieceSize) - 1 };
}

const smallPiece = 512;

/** Two small pieces with something between them; undefined where a blob is too small for that. */
export function severalRanges(size: number): readonly ByteRange[] | undefined {
  if (size < 4 * smallPiece) return undefined;
  return [0, size - smallPiece].map((start) => ({ start, end: start + smallPiece - 1 }));
}

/** The whole blob in pieces, or the start, the middle and the end of a large one. */
export function evidenceRanges(size: number): readonly ByteRange[] {
  if (size <= wholeCheckSize) return pieces(0, size);
  const middle = Math.floor(size / 2);
  return [0, middle, size - pieceSize].map((start) => ({ start, end: start + pieceSize - 1 }));
}

/** All bytes from `from` (included) to `upTo` (excluded), in pieces. */
export function pieces(from: number, upTo: number): readonly ByteRange[] {
  return Array.from({ length: Math.ceil((upTo - from) / wholePieceSize) }, (_, index) => {
    const start = from + index * wholePieceSize;
    return { start, end: Math.min(upTo, start + wholePieceSize) - 1 };
  });
}
