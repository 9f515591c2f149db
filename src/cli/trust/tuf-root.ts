import { readSmallFile } from '../../adapters/files/small-file.ts';
import { SignpostError } from '../../oci/errors.ts';
import { metadataFileLimit } from '../../trust/metadata-file.ts';
import { trustRoot } from '../../trust/tuf/trusted-metadata.ts';

/**
 * A TUF root that holds by itself: one that does not is the fault of whoever configured it.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export async function readTufRoot(file: string): Promise<Uint8Array> {
  const root = await readSmallFile(file, metadataFileLimit);
  try {
    trustRoot(root);
    return root;
  } catch (cause) {
    throw new SignpostError('CONFIG_INVALID', `${file} is no TUF root: ${(cause as Error).message}`, {
      cause,
    });
  }
}
