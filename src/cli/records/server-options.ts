import type { Command } from 'commander';
import { type ProxyOption, noProxyOption } from '../terminal/proxy-option.ts';

/** How a command reaches the management API of a server far away. */
export interface ServerOptions extends ProxyOption {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly certificateAuthority?: string;
}

const instead = 'work through the management API there, instead of on the data here';

/** @param server what the option `--server` does */
export function addServerOptions(command: Command, server = instead): Command {
  return command
    .addOption(noProxyOption())
    .option('--server <url>', server)
    .option('--token-file <file>', 'file whose first line is the token for it')
    .option('--certificate-authority <file>', 'PEM file to trust for it instead of the usual authorities');
}
