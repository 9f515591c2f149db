import type { RepositoryName, TagName } from '../../oci/reference.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import type { MetadataFormat } from '../../trust/metadata-file.ts';
import { type MetadataPath, metadataPath } from '../../trust/metadata-path.ts';

/** A tag as metadata names it. */
export interface NamedTag {
  readonly repository: RepositoryName;
  readonly tag: TagName;
  /** SHA-256 in lower-case hexadecimal. */
  readonly sha256: string;
}

/** Files that may be placed, in this order, once what they name is published. */
export interface VerifiedFiles {
  readonly tags: readonly NamedTag[];
  readonly files: readonly { readonly path: MetadataPath; readonly bytes: Uint8Array }[];
  /** When the first of them expires, in milliseconds since the epoch. */
  readonly expires: number;
}

/** Bytes of the files that may be there, by the names under which a format's verification knows them. */
export async function readFiles(
  tree: Pick<MetadataTree, 'read'>,
  format: MetadataFormat,
  names: Iterable<string>,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of names) {
    const bytes = await tree.read(metadataPath(format, name));
    if (bytes !== undefined) files.set(name, bytes);
  }
  return files;
}
