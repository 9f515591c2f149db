import { mustRun } from '../command.ts';
import type { ClientName } from './all-clients.ts';

const commands: Readonly<Record<ClientName, readonly [string, ...string[]]>> = {
  docker: ['dockerd', '--version'],
  containerd: ['ctr', '--version'],
  podman: ['podman', '--version'],
  skopeo: ['skopeo', '--version'],
};

/** The version of a client that is installed: `20.10.24`, without what its packager added. */
export async function readClientVersion(name: ClientName): Promise<string> {
  const [program, ...args] = commands[name];
  const printed = await mustRun(program, args);
  return /\b\d+\.\d+\.\d+/.exec(printed)?.[0] ?? 'unknown';
}
