import { SignpostError } from '../oci/errors.ts';
import { type RegistryHost, formatTaggedReference } from '../oci/reference.ts';
import { type BundleHeader, type SignedImage, createBundleParser } from '../trust/signature-bundle.ts';

/** A bundle that was read to its end. Nothing in it has been verified. */
export interface ReadBundle {
  readonly header: BundleHeader;
  readonly images: readonly SignedImage[];
}

/** @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED, TRUST when it was made for another registry */
export async function readBundle(
  lines: AsyncIterable<Uint8Array>,
  registry: RegistryHost,
): Promise<ReadBundle> {
  const parser = createBundleParser();
  const images = new Map<string, SignedImage>();
  let header: BundleHeader | undefined;
  for await (const bytes of lines) {
    const line = parser.line(bytes);
    if (line.kind === 'header') header = line.header;
    if (line.kind !== 'image') continue;
    const name = formatTaggedReference(line.image);
    if (images.has(name)) {
      throw new SignpostError('REQUEST_INVALID', `the signature bundle holds ${name} twice`);
    }
    images.set(name, line.image);
  }
  parser.end();
  if (header === undefined) throw new SignpostError('REQUEST_INVALID', 'the signature bundle has no header');
  if (header.registry !== registry) {
    throw new SignpostError(
      'TRUST',
      `the signature bundle is for the registry ${header.registry}: this one is ${registry}`,
    );
  }
  return { header, images: [...images.values()] };
}
