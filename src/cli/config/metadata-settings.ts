import { z } from 'zod';
import { text, validity } from './setting-values.ts';

/** TUF metadata. */
export const tuf = z.strictObject({
  root: text()
    .optional()
    .describe(
      'File with the trusted TUF root, such as "1.root.json" (docs/tuf.md). With it the TUF metadata of bundles is verified and served under /tuf.',
    ),
  timestampKey: text()
    .optional()
    .describe(
      'Private key of the timestamp role, when it is kept at the origin: a PEM file, a "pkcs11:" URI, or "command:" and a file. This key can only confirm that the newest state is still current.',
    ),
  timestampPassphraseFile: text()
    .optional()
    .describe('File whose first line is the passphrase or PIN of `timestampKey`.'),
  timestampValidity: validity('7d').describe('How long a timestamp that is made at the origin is valid.'),
});

/** Notary v1 metadata. */
export const notary = z.strictObject({
  certificates: z
    .array(text())
    .max(64)
    .default([])
    .describe(
      'PEM files with the root certificates of Notary v1 collections. With any, the Notary v1 metadata of bundles is verified and served. Clients of this format are disappearing.',
    ),
});
