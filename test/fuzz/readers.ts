import type { FuzzReader } from './reader.ts';
import { createArchiveReaders } from './readers/archives.ts';
import { documentReaders } from './readers/documents.ts';
import { createHandOffReaders } from './readers/hand-off.ts';
import { createMetadataReaders } from './readers/metadata.ts';
import { nameReaders } from './readers/names.ts';
import { createSignatureReaders } from './readers/signatures.ts';

/** Every reader of what strangers may write. A new one belongs in one of these files. */
export async function openReaders(): Promise<readonly FuzzReader[]> {
  return [
    ...nameReaders,
    ...documentReaders,
    ...(await createHandOffReaders()),
    ...(await createSignatureReaders()),
    ...(await createMetadataReaders()),
    ...createArchiveReaders(),
  ];
}
