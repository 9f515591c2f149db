import type { Digest } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { formatTaggedReference } from '../oci/reference.ts';
import type { SealedContent } from '../trust/hand-off/sealed-lines.ts';
import { type RequestHeader, createRequestParser } from '../trust/hand-off/signing-request.ts';
import { type InspectedImage, inspectImage } from './inspect-image.ts';

/** A signing request that was read to its end and holds together. The bytes of the manifests are no longer needed. */
export interface ReadRequest {
  readonly header: RequestHeader;
  /** The SHA-256 of the request's file. */
  readonly request: Digest;
  readonly images: readonly InspectedImage[];
  /** Who vouches for it: not verified. */
  readonly sealed: SealedContent;
}

/**
 * Reads a request, one image in memory at a time. One bad image spoils the whole request.
 * @throws SignpostError REQUEST_INVALID, MANIFEST_INVALID, LIMIT_EXCEEDED
 */
export async function readRequest(lines: AsyncIterable<Uint8Array>): Promise<ReadRequest> {
  const parser = createRequestParser();
  const images = new Map<string, InspectedImage>();
  let header: RequestHeader | undefined;
  for await (const bytes of lines) {
    const line = parser.line(bytes);
    if (line.kind === 'header') header = line.header;
    if (line.kind !== 'image') continue;
    const name = formatTaggedReference(line.image);
    if (images.has(name)) {
      throw new SignpostError('REQUEST_INVALID', `the signing request holds ${name} twice`);
    }
    images.set(name, inspectImage(line.image));
  }
  const request = parser.end();
  if (header === undefined || images.size === 0) {
    throw new SignpostError(
      'REQUEST_INVALID',
      'the signing request holds no images: there is nothing to sign',
    );
  }
  return { header, request, images: [...images.values()], sealed: parser.sealed() };
}
