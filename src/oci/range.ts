/** A part of a representation: `start` to `end`, both included, in bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What a Range header asks for: nothing usable (serve it whole), one satisfiable part, two or more of them in the order
 * of the header, or nothing that exists.
 */
export type RangeRequest =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: ByteRange }
  | { readonly kind: 'parts'; readonly ranges: readonly ByteRange[] }
  | { readonly kind: 'unsatisfiable' };

const unit = 'bytes=';
const rangePattern = /^(\d{0,15})-(\d{0,15})$/;
/** More parts than this are not sent at once, as RFC 9110 allows: a thousand must not cost more than the whole. */
const partsLimit = 64;
const headerLimit = partsLimit * 40;

/**
 * Reads a Range header against a representation of `size` bytes (RFC 9110, section 14.2). A malformed header is ignored,
 * and so is one with too many ranges, or with some that overlap: nobody who is honest asks for a byte twice.
 */
export function parseRange(header: string | undefined, size: number): RangeRequest {
  const text = header?.trim();
  if (text === undefined || text.length > headerLimit || !text.startsWith(unit)) return { kind: 'whole' };
  const specs = text.slice(unit.length).split(',', partsLimit + 1);
  const asked = specs.map((spec) => parseSpec(spec.trim(), size));
  const [only] = asked;
  if (only !== undefined && asked.length === 1) return only;
  if (asked.length > partsLimit || asked.some(({ kind }) => kind === 'whole')) return { kind: 'whole' };
  const ranges = asked.flatMap((one) => (one.kind === 'part' ? [one.range] : []));
  const [first] = ranges;
  if (first === undefined) return { kind: 'unsatisfiable' };
  if (overlap(ranges)) return { kind: 'whole' };
  return ranges.length === 1 ? { kind: 'part', range: first } : { kind: 'parts', ranges };
}

/** Whether a Range header asks for several parts, however many, of whatever size. */
export function asksForSeveral(header: string | undefined): boolean {
  return header?.trim().startsWith(unit) === true && header.includes(',');
}

function overlap(ranges: readonly ByteRange[]): boolean {
  const sorted = ranges.toSorted((one, other) => one.start - other.start);
  return sorted.some(({ start }, at) => start <= (sorted[at - 1]?.end ?? -1));
}

function parseSpec(spec: string, size: number): Exclude<RangeRequest, { readonly kind: 'parts' }> {
  const match = rangePattern.exec(spec);
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
