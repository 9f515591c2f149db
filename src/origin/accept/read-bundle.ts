import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type RegistryHost, formatTaggedReference } from '../../oci/reference.ts';
import { type SealKey, readSealEvidence } from '../../trust/hand-off/seal.ts';
import type { MetadataFile } from '../../trust/metadata-file.ts';
import type { SealedContent } from '../../trust/hand-off/sealed-lines.ts';
import {
  type BundleHeader,
  type SignedImage,
  createBundleParser,
} from '../../trust/hand-off/signature-bundle.ts';
import { formatTime } from '../../text/format-time.ts';

/** A bundle that was read to its end. Nothing in it has been verified but its seal, if there has to be one. */
export interface ReadBundle {
  readonly header: BundleHeader;
  readonly images: readonly SignedImage[];
  readonly files: readonly MetadataFile[];
}

/**
 * Reads a bundle whole. With `signers` one of them must have sealed it: then nobody has put it together of parts, left
 * out a part, or changed its serial or its expiry. `now` is in milliseconds since the epoch.
 * @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED, TRUST when it was made for another registry or not by a signer
 */
export async function readBundle(
  lines: AsyncIterable<Uint8Array>,
  registry: RegistryHost,
  { signers, now }: { readonly signers: readonly SealKey[]; readonly now: number },
): Promise<ReadBundle> {
  const parser = createBundleParser();
  const images = new Map<string, SignedImage>();
  const files = new Map<string, MetadataFile>();
  let header: BundleHeader | undefined;
  for await (const bytes of lines) {
    const line = parser.line(bytes);
    if (line.kind === 'header') header = line.header;
    if (line.kind === 'image') addOnce(images, formatTaggedReference(line.image), line.image);
    if (line.kind === 'file') addOnce(files, `${line.file.format} ${quote(line.file.path)}`, line.file);
  }
  parser.end();
  if (header === undefined) throw new SignpostError('REQUEST_INVALID', 'the signature bundle has no header');
  if (header.registry !== registry) {
    throw new SignpostError(
      'TRUST',
      `the signature bundle is for the registry ${header.registry}: this one is ${registry}`,
    );
  }
  if (signers.length > 0) {
    checkSeal(parser.sealed(), signers);
    if (header.expires * 1000 <= now) {
      throw new SignpostError(
        'TRUST',
        `the signature bundle expired on ${formatTime(header.expires * 1000)}: it says that it was made on ` +
          `${formatTime(header.created * 1000)}; if it was made later, set the signer's clock; then sign again`,
      );
    }
  }
  return { header, images: [...images.values()], files: [...files.values()] };
}

function addOnce<T>(all: Map<string, T>, name: string, item: T): void {
  if (all.has(name)) {
    throw new SignpostError('REQUEST_INVALID', `the signature bundle holds ${name} twice`);
  }
  all.set(name, item);
}

function checkSeal({ seal, message }: SealedContent, signers: readonly SealKey[]): void {
  const evidence = readSealEvidence(seal, message, signers);
  switch (evidence.kind) {
    case 'sealed':
      return;
    case 'unsealed':
      throw new SignpostError(
        'TRUST',
        'the signature bundle has no seal, and the configuration names signers: sign with --bundle-key',
      );
    case 'unknown-key':
      throw new SignpostError(
        'TRUST',
        `the signature bundle was sealed by ${evidence.key}, which is not among the configured signers`,
      );
    case 'forged':
      throw new SignpostError(
        'TRUST',
        `the signature bundle was changed after ${evidence.key} sealed it, or somebody else wrote that name on it`,
      );
  }
}
