import { type Hash, createHash } from 'node:crypto';
import type { Digest } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { constantOf, countOf, objectOf, textUpTo } from '../json-reader.ts';
import { type Seal, readSeal, sealToJson } from './seal.ts';
import { parseStrictJson } from '../strict-json.ts';

/**
 * The frame that signing requests and signature bundles share: one JSON document a line, each line ended by a line
 * feed, and a last line with the number of images and a SHA-256 of everything before it. Whatever is cut off, doubled
 * or changed by accident shows. Against intent the end line may carry a {@link Seal} over this SHA-256.
 */
export interface SealedLimits {
  /** What the file is, in messages. */
  readonly name: string;
  /** Bytes in one line. */
  readonly line: number;
  /** Bytes in all. */
  readonly total: number;
  /** Lines between the header and the end. */
  readonly images: number;
}

/** Makes the lines of such a file, each with its line feed. */
export interface Sealer {
  /** The header first, then an image at a time. */
  add(document: object): string;
  /** What a seal signs. Nothing can be added from here on. */
  message(): Uint8Array;
  /** The last line. */
  end(seal?: Seal): string;
}

/** Reads the lines of such a file. */
export interface Unsealer {
  /** Takes a line as it is in the file. Returns its document; undefined for the end line. Throws REQUEST_INVALID. */
  add(line: Uint8Array): unknown;
  /** To be called after the last line. Returns the SHA-256 of the whole file. Throws REQUEST_INVALID. */
  end(): Digest;
  /** To be called after `end`: the seal, if there is one, and what it has to sign. Nothing has been verified. */
  sealed(): SealedContent;
}

/** A seal with what it stands for. */
export interface SealedContent {
  readonly seal: Seal | undefined;
  readonly message: Uint8Array;
}

export function createSealer(): Sealer {
  const hash = createHash('sha256');
  let lines = 0;
  let sha256: string | undefined;
  const digest = () => (sha256 ??= hash.digest('hex'));
  return {
    add(document) {
      const line = `${JSON.stringify(document)}\n`;
      hash.update(line);
      lines += 1;
      return line;
    },
    message: () => messageOf(digest()),
    end(seal) {
      const end = { end: true, images: Math.max(lines - 1, 0), sha256: digest() };
      return `${JSON.stringify(seal === undefined ? end : { ...end, seal: sealToJson(seal) })}\n`;
    },
  };
}

export function createUnsealer(limits: SealedLimits): Unsealer {
  const before = createHash('sha256');
  const all = createHash('sha256');
  let lines = 0;
  let bytes = 0;
  let end: SealedContent | undefined;
  return {
    add(line) {
      bytes += line.length;
      if (line.length > limits.line || bytes > limits.total || lines > limits.images + 1) {
        throw new SignpostError(
          'LIMIT_EXCEEDED',
          `${limits.name} is larger than allowed at line ${lines + 1}`,
        );
      }
      if (end !== undefined) throw invalid(`${limits.name} goes on after its end line`);
      if (line.at(-1) !== 0x0a) throw truncated(limits.name);
      lines += 1;
      const where = `${limits.name}, line ${lines},`;
      const document = parseStrictJson(line.subarray(0, -1), where);
      all.update(line);
      if (!isEndLine(document)) {
        before.update(line);
        return document;
      }
      end = readEndLine(document, before, lines - 2, limits.name);
      return undefined;
    },
    end() {
      if (end === undefined) throw truncated(limits.name);
      return `sha256:${all.digest('hex')}` as Digest;
    },
    sealed() {
      if (end === undefined) throw truncated(limits.name);
      return end;
    },
  };
}

function isEndLine(document: unknown): boolean {
  return typeof document === 'object' && document !== null && Object.hasOwn(document, 'end');
}

const readEnd = objectOf(
  { end: constantOf(true), images: countOf('a number'), sha256: textUpTo(64) },
  { seal: readSeal },
);

function readEndLine(document: unknown, before: Hash, images: number, name: string): SealedContent {
  const end = readEnd(document, `${name}, end line,`);
  if (end.images !== images) {
    throw invalid(`${name} holds ${images} images and says that it holds ${end.images}: it is damaged`);
  }
  const sha256 = before.digest('hex');
  if (end.sha256 !== sha256) {
    throw invalid(`${name} does not match its own checksum: it was damaged or edited on the way`);
  }
  return { seal: end.seal, message: messageOf(sha256) };
}

// The header is part of what was hashed and says what kind of file it is: a seal of one cannot stand for another.
function messageOf(sha256: string): Uint8Array {
  return Buffer.from(`signpost sealed lines\nsha256:${sha256}\n`);
}

function truncated(name: string): SignpostError {
  return invalid(`${name} is not whole: it ends before its end line. Copy it again`);
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
