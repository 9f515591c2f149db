/** The formats in which an image can be signed (docs/signature-formats.md). */
export const signatureFormats = ['simple', 'cosign', 'sigstore', 'notation'] as const;

/**
 * `simple`: a containers/image signature; `cosign`: cosign's attached form; `sigstore`: a sigstore bundle; `notation`: a
 * Notary Project signature.
 */
export type SignatureFormat = (typeof signatureFormats)[number];

export function isSignatureFormat(value: unknown): value is SignatureFormat {
  return signatureFormats.some((format) => format === value);
}
