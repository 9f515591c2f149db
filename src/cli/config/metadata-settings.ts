import { z } from 'zod';
import { text, validity } from './setting-values.ts';

/** TUF metadata. */
export const tuf = z.strictObject({
  root: text()
    .optional()
    .describe(
      'File with the TUF root that is trusted, such as "1.root.json" (docs/tuf.md). With it the TUF metadata of bundles is verified, placed and served under /tuf.',
    ),
  timestampKey: text()
    .optional()
    .describe(
      'Private key of the timestamp role, when it is kept here: a PEM file, a "pkcs11:" URI or "command:" and a file. It can say that the newest state is still current, and nothing else.',
    ),
  timestampPassphraseFile: text()
    .optional()
    .describe("File whose first line is that key's passphrase or PIN."),
  timestampLife: validity('7d').describe('How long a timestamp made here lives.'),
});

/** Notary v1 metadata. */
export const notary = z.strictObject({
  certificates: z
    .array(text())
    .max(64)
    .default([])
    .describe(
      'PEM files with the root certificates of Notary v1 collections. With any, the Notary v1 metadata of bundles is verified, placed and served; clients of it are going away.',
    ),
});
