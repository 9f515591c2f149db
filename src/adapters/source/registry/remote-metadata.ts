import { isSignpostError } from '../../../oci/errors.ts';
import type { RegistryImageName } from '../../../oci/image-source-name.ts';
import type { RemoteMetadata } from '../../../ports/remote-metadata.ts';
import { type RegistryConnection, type RegistryOptions, connectToRegistry } from './registry-connection.ts';

/**
 * The TUF and Notary v1 metadata of the registry that an image is in. It connects when it is first asked.
 * @throws SignpostError CONFIG_INVALID when a certificate authority cannot be read
 */
export function createRemoteMetadata(
  name: RegistryImageName,
  options: RegistryOptions,
  signal: AbortSignal,
): RemoteMetadata & AsyncDisposable {
  let connecting: Promise<RegistryConnection> | undefined;
  return {
    async read(path, limit) {
      connecting ??= connectToRegistry(name, options, signal);
      const { fetchSmall } = await connecting;
      try {
        return (await fetchSmall({ path: `/${path}`, accept: 'application/json', limit, what: path })).bytes;
      } catch (error) {
        if (isSignpostError(error, 'NOT_FOUND')) return undefined;
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      (await connecting)?.close();
    },
  };
}
