/** Formats with files for whole repositories, beside the signatures of single digests. */
export const metadataFormats = ['tuf', 'notary'] as const;
export type MetadataFormat = (typeof metadataFormats)[number];

export function isMetadataFormat(value: unknown): value is MetadataFormat {
  return (metadataFormats as readonly unknown[]).includes(value);
}

/** A file of metadata. */
export interface MetadataFile {
  readonly format: MetadataFormat;
  /** TUF: `7.snapshot.json`. Notary v1: `host/repository/_trust/tuf/timestamp.json`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Longer than any file that clients read. */
export const metadataFileLimit = 8 * 1024 * 1024;
