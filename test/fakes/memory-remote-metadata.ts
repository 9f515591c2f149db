import { SignpostError } from '../../src/oci/errors.ts';
import type { RemoteMetadata } from '../../src/ports/remote-metadata.ts';

/** A registry with these files, by their path; `asked` counts what was asked for. */
export function createMemoryRemoteMetadata(
  files: () => ReadonlyMap<string, Uint8Array>,
): RemoteMetadata & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    read(path, limit) {
      asked.push(path);
      const bytes = files().get(path);
      if (bytes !== undefined && bytes.length > limit) {
        return Promise.reject(new SignpostError('LIMIT_EXCEEDED', `${path} has more than ${limit} bytes`));
      }
      return Promise.resolve(bytes);
    },
  };
}
