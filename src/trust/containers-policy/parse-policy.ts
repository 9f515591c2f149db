import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import { parseStrictJson } from '../strict-json.ts';
import { type ContainersPolicy, readPolicy } from './policy.ts';

/** In bytes; no policy that people write comes near. */
export const containersPolicyLimit = 4 * 1024 * 1024;

/**
 * Reads a policy.json file as strictly as containers/image does: unknown fields, duplicate keys and unknown kinds are
 * refused, since something that was meant to be demanded must never be passed over.
 * @throws SignpostError CONFIG_INVALID with the path of what is wrong, its value and what was expected
 */
export function parseContainersPolicy(bytes: Uint8Array, file: string): ContainersPolicy {
  try {
    const { default: everywhere, transports } = readPolicy(parseStrictJson(bytes, file), `${file}:`);
    // Other transports have no images in registries; their entries have to be right all the same.
    return { default: everywhere, docker: new Map(Object.entries(transports?.docker ?? {})) };
  } catch (cause) {
    if (!isSignpostError(cause, 'REQUEST_INVALID')) throw cause;
    throw new SignpostError('CONFIG_INVALID', cause.message, { cause });
  }
}
