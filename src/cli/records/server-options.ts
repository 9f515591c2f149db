import type { Command } from 'commander';
import { type ProxyOption, noProxyOption } from '../terminal/proxy-option.ts';

/** How a command reaches the management API of a server far away. */
export interface ServerOptions extends ProxyOption {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly certificateAuthority?: string;
}

const instead = 'use the management API at this URL, instead of the local database';

/** @param server what the option `--server` does */
export function addServerOptions(command: Command, server = instead): Command {
  return command
    .addOption(noProxyOption())
    .option('--server <url>', server)
    .option('--token-file <file>', 'file whose first line is the token for --server')
    .option(
      '--certificate-authority <file>',
      'PEM file with the certificate authority to trust for --server, instead of those of the system',
    );
}
