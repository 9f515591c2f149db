/**
 * An envelope that becomes a blob is at most this long, in bytes: such blobs are always served in place, never sent to
 * mirrors. A sigstore bundle has about 2 KiB, a Notary Project signature with its certificates rarely more than 10.
 */
export const envelopeLimit = 16 * 1024;
