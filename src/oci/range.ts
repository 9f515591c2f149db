/** A part of a representation: `start` to `end`, both included, in bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What a Range header asks for: nothing usable (serve it whole), one satisfiable part, or nothing that exists. */
export type RangeRequest =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: ByteRange }
  | { readonly kind: 'unsatisfiable' };

const rangePattern = /^bytes=(\d{0,15})-(\d{0,15})$/;

/**
 * Reads a Range header against a representation of `size` bytes (RFC 9110, section 14.2). A malformed header and
 * one with several ranges are ignored, as the RFC allows: a thousand ranges must not cost more than one.
 */
export function parseRange(header: string | undefined, size: number): RangeRequest {
  const match = header === undefined || header.length > 64 ? null : rangePattern.exec(header.trim());
  if (match === null) return { kind: 'whole' };
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return { kind: 'whole' };
    const suffix = Math.min(Number(last), size);
    return suffix === 0
      ? { kind: 'unsatisfiable' }
      : { kind: 'part', range: { start: size - suffix, end: size - 1 } };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  return start >= size ? { kind: 'unsatisfiable' } : { kind: 'part', range: { start, end } };
}

/** `bytes 0-9/100`, for Content-Range (RFC 9110, section 14.4). */
export function formatContentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end}/${size}`;
}
