import { SignpostError } from '../oci/errors.ts';

/** One element of DER (X.690, sections 8.1 and 10.1). */
export interface DerElement {
  readonly tag: number;
  /** The contents. */
  readonly body: Uint8Array;
  /** All of it, with tag and length. */
  readonly raw: Uint8Array;
}

/** The tags that are met here. */
export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
} as const;

/**
 * The one element that `bytes` are.
 * @throws SignpostError REQUEST_INVALID
 */
export function readDer(bytes: Uint8Array, tag: number): DerElement {
  const element = readElement(bytes);
  if (element.raw.length !== bytes.length) throw invalid('something follows the end');
  return expectTag(element, tag);
}

/**
 * The elements that follow each other in `bytes`, such as the body of a sequence.
 * @throws SignpostError REQUEST_INVALID
 */
export function readDerList(bytes: Uint8Array): readonly DerElement[] {
  const elements: DerElement[] = [];
  for (let rest = bytes; rest.length > 0;) {
    const element = readElement(rest);
    elements.push(element);
    rest = rest.subarray(element.raw.length);
  }
  return elements;
}

/**
 * The element, if it is there and has this tag.
 * @throws SignpostError REQUEST_INVALID
 */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag === tag) return element;
  throw invalid(`expected tag 0x${tag.toString(16)}, found ${element?.tag.toString(16) ?? 'nothing'}`);
}

function readElement(bytes: Uint8Array): DerElement {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw invalid('it is cut off');
  // Numbers over 30 take further bytes: nothing that is read here has them.
  if ((tag & 0x1f) === 0x1f) throw invalid('a tag is of more than one byte');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  // 0x80 is the indefinite length, which DER does not have; four bytes are 4 GiB.
  if (first === 0x80 || lengthBytes > 4) throw invalid('a length is not definite');
  let length = first < 0x80 ? first : 0;
  for (const byte of bytes.subarray(2, 2 + lengthBytes)) length = length * 256 + byte;
  const shortest = lengthBytes === 0 || (length >= 0x80 && length >= 256 ** (lengthBytes - 1));
  if (!shortest) throw invalid('a length is not in its shortest form');
  const start = 2 + lengthBytes;
  if (start + length > bytes.length) throw invalid('it is cut off');
  return { tag, body: bytes.subarray(start, start + length), raw: bytes.subarray(0, start + length) };
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', `not DER: ${message}`);
}
