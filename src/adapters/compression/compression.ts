/** What is unpacked here. */
export type Compression = 'gzip' | 'zstd';

/** What is only recognised. */
export type OtherCompression = 'bzip2' | 'xz';

/** As many bytes as {@link detectCompression} looks at. */
export const magicLength = 6;

// RFC 1952, section 2.3.1; RFC 8878, sections 3.1.1 and 3.1.2 (a skippable frame may come first).
const beginnings: readonly (readonly [RegExp, Compression | OtherCompression])[] = [
  [/^1f8b08/, 'gzip'],
  [/^28b52ffd/, 'zstd'],
  [/^5[0-9a-f]2a4d18/, 'zstd'],
  [/^425a68/, 'bzip2'],
  [/^fd377a585a00/, 'xz'],
];

/** How bytes are compressed, by how they begin; undefined when they are not. */
export function detectCompression(start: Uint8Array): Compression | OtherCompression | undefined {
  const hex = Buffer.from(start.subarray(0, magicLength)).toString('hex');
  return beginnings.find(([pattern]) => pattern.test(hex))?.[1];
}

export function isReadable(compression: Compression | OtherCompression): compression is Compression {
  return compression === 'gzip' || compression === 'zstd';
}
