import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type CommandResult, describeResult, runCommand } from './command.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import type { GpgKey } from './gpg-key.ts';
import type { WorkFolder } from './work-folder.ts';

const program = join(import.meta.dirname, '../../../bin/signpost');

/** One installation of Signpost, driven by its command line alone. */
export interface Signpost {
  readonly name: string;
  /** The folder that mirrors copy. */
  readonly tree: string;
  readonly data: string;
  /** Runs a command with `--config`; it never throws for how the command ends. */
  run(...args: string[]): Promise<CommandResult>;
  /** The same, but it has to succeed; returns what it printed. */
  must(...args: string[]): Promise<string>;
  /** Stages images: `oci:/folder` to `repository:tag`. */
  publish(source: string, image: string): Promise<void>;
  /** Request, sign and accept for everything that is staged. `how` is passed on to `sign`. */
  sign(key: GpgKey, ...how: string[]): Promise<void>;
  serve(): Promise<Serving>;
  /** Keeps a command running that prints JSON: it is ready once it has printed something. */
  start(...args: string[]): Promise<Daemon>;
}

export interface Serving extends AsyncDisposable {
  readonly urls: readonly string[];
  /** Every line of its log so far. */
  log(): readonly LogLine[];
}

/** A line of the log; only what tests look at. */
export interface LogLine {
  /** RFC 3339. */
  readonly time: string;
  readonly event: string;
  readonly kind?: string;
  readonly method?: string;
  readonly client?: string;
  readonly country?: string;
  readonly digest?: string;
  readonly status?: number;
  readonly outcome?: string;
  readonly mirror?: string;
  readonly tier?: string;
  readonly reason?: string;
}

/**
 * Writes the configuration file of a new installation. `hosts` are lines for the server's own view of /etc/hosts, which
 * only root can give it.
 */
export function createSignpost(
  work: WorkFolder,
  name: string,
  settings: object,
  hosts: readonly string[] = [],
): Signpost {
  const data = work.folder(`${name}-data`);
  const config = work.file(`${name}.yaml`);
  writeFileSync(config, stringify({ data, ...settings }));
  const env = { HOME: work.folder(`${name}-home`) };
  let rounds = 0;
  let servers = 0;
  let daemons = 0;
  const run = (...args: string[]) => runCommand(program, [...args, '--config', config], { env });
  const must = async (...args: string[]) => {
    const result = await run(...args);
    if (result.status !== 0) throw new Error(describeResult(result));
    return result.stdout;
  };
  return {
    name,
    data,
    tree: join(data, 'tree'),
    run,
    must,
    async publish(source, image) {
      await must('publish', source, image);
    },
    async sign(key, ...how) {
      rounds += 1;
      const request = work.file(`${name}-${rounds}.request`);
      const bundle = work.file(`${name}-${rounds}.bundle`);
      await must('request', '-o', request);
      // The signer has its own machine: nothing of the configuration or the data.
      const record = work.file(`${name}-signer.db`);
      const sign = ['sign', request, '-o', bundle, '--record', record, '--yes', ...how];
      const keyOptions = how.includes('--key') ? [] : ['--gpg', key.fingerprint, '--gpg-home', key.home];
      const signed = await runCommand(program, [...sign, ...keyOptions], { env });
      if (signed.status !== 0) throw new Error(describeResult(signed));
      await must('accept', bundle);
    },
    start(...args) {
      daemons += 1;
      return startDaemon(program, [...args, '--json', '--config', config], {
        env,
        logFile: work.file(`${name}-${args[0]}-${daemons}.log`),
        ready: (log) => log.trimEnd().endsWith('}') && !log.includes('"error"'),
      });
    },
    async serve() {
      servers += 1;
      const logFile = work.file(`${name}-serve-${servers}.log`);
      const command = [program, 'serve', '--json', '--config', config];
      const [file = '', ...args] = hosts.length === 0 ? command : withHosts(work, hosts, command);
      const daemon: Daemon = await startDaemon(file, args, {
        env,
        logFile,
        ready: (log) => addresses(log) !== undefined,
      });
      return {
        urls: addresses(daemon.log()) ?? [],
        log: () => jsonLines(daemon.log()).filter((line): line is LogLine => 'event' in line),
        [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
      };
    },
  };
}

/** A command that runs with these lines for /etc/hosts, in a mount namespace of its own. */
function withHosts(
  work: WorkFolder,
  hosts: readonly string[],
  command: readonly string[],
): readonly string[] {
  const file = work.file('hosts');
  writeFileSync(file, ['127.0.0.1 localhost', ...hosts, ''].join('\n'));
  const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, file, ...command];
}

function addresses(log: string): readonly string[] | undefined {
  const found = jsonLines(log).find((line) => 'addresses' in line && !('event' in line));
  return found === undefined ? undefined : (found as { addresses: readonly string[] }).addresses;
}

function jsonLines(text: string): readonly object[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{') || !line.endsWith('}')) return [];
    return [JSON.parse(line) as object];
  });
}
