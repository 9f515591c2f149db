import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../src/oci/descriptor.ts';
import type { Digest } from '../src/oci/digest.ts';
import { digestHex } from '../src/oci/digest.ts';

/** Writes an OCI image layout (image-spec 1.1, image-layout.md) whose index names `root`. */
export async function writeLayout(
  folder: string,
  root: Descriptor,
  blobs: ReadonlyMap<Digest, Uint8Array>,
): Promise<void> {
  const files = join(folder, 'blobs', 'sha256');
  await mkdir(files, { recursive: true });
  for (const [digest, bytes] of blobs) await writeFile(join(files, digestHex(digest)), bytes);
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [root] }));
}
