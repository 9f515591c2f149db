import { type ByteRange, formatContentRange } from './range.ts';

/** The type of the parts that the origin sends: a blob has no other. */
const partType = 'application/octet-stream';

/** Several parts of one representation in one body (RFC 9110, section 14.6): what stands between their bytes. */
export interface ByteRangesFrame {
  /** For Content-Type. */
  readonly contentType: string;
  /** For Content-Length. In bytes. */
  readonly length: number;
  /** What comes before each part. */
  readonly heads: readonly string[];
  /** What comes after the last. */
  readonly tail: string;
}

/** @param boundary a line that is in none of the parts: at most 70 letters and digits (RFC 2046, section 5.1.1) */
export function frameByteRanges(
  ranges: readonly ByteRange[],
  size: number,
  boundary: string,
): ByteRangesFrame {
  const heads = ranges.map(
    (range, at) =>
      `${at === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${partType}\r\nContent-Range: ${formatContentRange(range, size)}\r\n\r\n`,
  );
  const tail = `\r\n--${boundary}--\r\n`;
  const bytes = ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0);
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    length: heads.reduce((sum, head) => sum + head.length, tail.length + bytes),
    heads,
    tail,
  };
}

const typePattern =
  /^multipart\/byteranges\s*;\s*boundary=(?:"([^"\r\n]{1,70})"|([A-Za-z0-9'()+_,./:=?-]{1,70}))\s*$/i;

/** The boundary in a Content-Type; undefined when it is no such type. */
export function readBoundary(contentType: string | undefined): string | undefined {
  const [, quoted, plain] = typePattern.exec(contentType?.slice(0, 200) ?? '') ?? [];
  return quoted ?? plain;
}

/** A part with its bytes. */
export interface SentPart {
  readonly range: ByteRange;
  /** Of the whole. In bytes. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** The head of one part has no more than so many bytes. */
const headLimit = 1024;
const rangeLine = /^content-range\s*:\s*bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})\s*$/im;

/** Reads such a body; undefined when it is none. It never throws. */
export function parseByteRanges(body: Buffer, boundary: string): readonly SentPart[] | undefined {
  const delimiter = `--${boundary}`;
  const parts: SentPart[] = [];
  let at = body.indexOf(delimiter);
  // What comes before the first delimiter means nothing; there is next to none of it.
  if (at < 0 || at > headLimit) return undefined;
  for (;;) {
    at += delimiter.length;
    if (body.toString('latin1', at, at + 2) === '--') return parts;
    const end = body.indexOf('\r\n\r\n', at);
    if (end < 0 || end - at > headLimit) return undefined;
    const [, start, last, size] = (rangeLine.exec(body.toString('latin1', at, end)) ?? []).map(Number);
    if (start === undefined || last === undefined || size === undefined || last < start) return undefined;
    const from = end + 4;
    const to = from + last - start + 1;
    if (body.toString('latin1', to, to + 2 + delimiter.length) !== `\r\n${delimiter}`) return undefined;
    parts.push({ range: { start, end: last }, size, bytes: body.subarray(from, to) });
    at = to + 2;
  }
}
