import { type AdminClient, createAdminClient } from '../../adapters/admin-client/admin-client.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { ServerOptions } from './server-options.ts';
import { version } from '../terminal/version.ts';
import { composeProxies } from '../config/proxies.ts';
import { readPassphrase } from '../keys/passphrase.ts';

const pemLimit = 1024 * 1024;

/**
 * A client of the management API that the options name; undefined when they name none.
 * @throws SignpostError USAGE, NOT_FOUND, CONFIG_INVALID
 */
export async function composeAdminClient(options: ServerOptions): Promise<AdminClient | undefined> {
  const { server, tokenFile, certificateAuthority } = options;
  if (server === undefined) {
    if (tokenFile === undefined && certificateAuthority === undefined) return undefined;
    throw new SignpostError('USAGE', '--token-file and --certificate-authority go with --server');
  }
  if (tokenFile === undefined) throw new SignpostError('USAGE', '--server needs --token-file');
  return createAdminClient({
    chooseProxy: composeProxies(options),
    server,
    token: await readPassphrase(tokenFile),
    version,
    certificateAuthority:
      certificateAuthority === undefined
        ? undefined
        : Buffer.from(await readSmallFile(certificateAuthority, pemLimit)).toString(),
  });
}
