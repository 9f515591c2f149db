import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Descriptor } from '../../../src/oci/descriptor.ts';

/** Makes `folder` an OCI image layout (image-spec 1.1, image-layout.md) whose blobs are added by {@link addBlob}. */
export function writeLayoutIndex(folder: string, list: Descriptor): void {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [list] }));
}

/** Where an image layout has a blob. */
export function blobFile(folder: string, digest: string): string {
  return join(folder, 'blobs', ...digest.split(':'));
}

/** Adds bytes to a layout, by their digest. */
export function addBlob(folder: string, digest: string, bytes: Uint8Array): void {
  writeFileSync(blobFile(folder, digest), bytes);
}
