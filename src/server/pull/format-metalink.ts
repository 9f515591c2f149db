import { type Digest, digestHex } from '../../oci/digest.ts';

/** A file that several places have. */
export interface MetalinkFile {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  /** The best first. */
  readonly urls: readonly { readonly url: string; readonly country?: string }[];
}

export const metalinkType = 'application/metalink4+xml';

/** A Metalink 4 document (RFC 5854) of one file. Its name has no colon: some file systems refuse one. */
export function formatMetalink({ digest, size, urls }: MetalinkFile): string {
  const hash = digestHex(digest);
  const places = urls.map(({ url, country }, at) => {
    // Section 4.2.16.1 and 4.2.16.2: the lowest number is the best, and ISO 3166-1 alpha-2 in lower case.
    const location = country === undefined ? '' : ` location="${country.toLowerCase()}"`;
    return `    <url${location} priority="${at + 1}">${escapeXml(url)}</url>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <file name="sha256-${hash}">
    <size>${size}</size>
    <hash type="sha-256">${hash}</hash>
${places.join('')}  </file>
</metalink>
`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
