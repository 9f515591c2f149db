import { SignpostError } from '../../oci/errors.ts';
import { readPassphrase } from './passphrase.ts';

const shortestSecret = 16;

/**
 * The secret in the first line of a file.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export async function readWebhookSecret(file: string): Promise<string> {
  const secret = await readPassphrase(file);
  if (secret.length >= shortestSecret) return secret;
  throw new SignpostError(
    'CONFIG_INVALID',
    `${file}: the secret has ${secret.length} characters: expected ${shortestSecret} or more`,
  );
}
