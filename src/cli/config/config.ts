import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { SignpostError } from '../../oci/errors.ts';
import type { Config } from './config-schema.ts';
import { type SettingProblem, settingsError } from './parse-settings.ts';
import { type ReadConfig, readConfig } from './read-config.ts';
import { resolvePaths } from './resolve-paths.ts';

const fileLimit = 4 * 1024 * 1024;

/** Read where it exists, when no other file is named. */
export const usualConfigFile = '/etc/signpost/signpost.yaml';

/** What the command line and the environment say about the configuration. */
export interface ConfigOptions {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
}

/** A configuration, and the file that it was read from; without one it is made of defaults alone. */
export type LoadedConfig = Config & { readonly file: string | undefined };

/** A configuration file, read as far as it can be understood. */
export interface OpenedConfig extends Omit<ReadConfig, 'config'> {
  readonly config: LoadedConfig;
}

/**
 * Reads the configuration file named by `--config` or `SIGNPOST_CONFIG`, or the usual one where it exists; without any,
 * the defaults hold. `--data` and `SIGNPOST_DATA` go before the file's `data`. Relative paths are relative to the file.
 * @throws SignpostError CONFIG_INVALID when it cannot be read, or is no YAML
 */
export function openConfig(
  options: ConfigOptions,
  environment: NodeJS.ProcessEnv = process.env,
  usual: string = usualConfigFile,
): OpenedConfig {
  const file = options.config ?? environment.SIGNPOST_CONFIG ?? (isThere(usual) ? usual : undefined);
  const read = file === undefined ? readConfig('', 'the defaults') : readConfig(readFile(file), file);
  const base = file === undefined ? process.cwd() : dirname(resolve(file));
  const data = options.data ?? environment.SIGNPOST_DATA;
  const config = {
    ...resolvePaths(read.config, base),
    file,
    data: data === undefined ? resolve(base, read.config.data) : resolve(data),
  };
  return { ...read, config };
}

/**
 * The same, of a file that has nothing wrong in it.
 * @throws SignpostError CONFIG_INVALID with each wrong setting, its value and what was expected
 */
export function loadConfig(...from: Parameters<typeof openConfig>): LoadedConfig {
  const { config, problems } = openConfig(...from);
  refuseProblems(config.file ?? 'the defaults', problems);
  return config;
}

/** @throws SignpostError CONFIG_INVALID with all of them, if there is one */
export function refuseProblems(file: string, problems: readonly SettingProblem[]): void {
  if (problems.length > 0) throw settingsError(file, 'configuration', problems);
}

/** Where docker, podman and skopeo keep registry credentials for this user, the most particular place first. */
export function credentialFiles(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const { REGISTRY_AUTH_FILE, DOCKER_CONFIG, XDG_RUNTIME_DIR } = environment;
  return [
    ...(REGISTRY_AUTH_FILE === undefined ? [] : [REGISTRY_AUTH_FILE]),
    ...(XDG_RUNTIME_DIR === undefined ? [] : [join(XDG_RUNTIME_DIR, 'containers', 'auth.json')]),
    join(DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json'),
  ];
}

/** Where docker's own tools look for the daemon; undefined: the usual place. */
export function dockerHost(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  return environment.DOCKER_HOST || undefined;
}

/**
 * The proxies of the environment, upper case before lower case, as Go's programs and so the container tools read it. What
 * is empty names none.
 */
export function proxySettings(environment: NodeJS.ProcessEnv = process.env) {
  const read = (name: string) => environment[name] || environment[name.toLowerCase()] || undefined;
  return { http: read('HTTP_PROXY'), https: read('HTTPS_PROXY'), except: read('NO_PROXY') };
}

/**
 * Reads a configuration from YAML 1.2. `file` names it in messages.
 * @throws SignpostError CONFIG_INVALID
 */
export function parseConfig(yaml: string, file: string): Config {
  const { config, problems } = readConfig(yaml, file);
  refuseProblems(file, problems);
  return config;
}

/**
 * The environment for a child that runs Signpost with a configuration of its own: nothing in it may go before what
 * the command line says.
 */
export function childEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('SIGNPOST_')));
}

// One that cannot be looked at is there: going on with defaults would be a surprise.
function isThere(file: string): boolean {
  return attempt(() => statSync(file, { throwIfNoEntry: false }) !== undefined);
}

function readFile(file: string): string {
  return attempt(() => {
    const bytes = readFileSync(file);
    if (bytes.length > fileLimit) throw new RangeError(`${file} is larger than ${fileLimit} bytes`);
    return bytes.toString('utf8');
  });
}

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new SignpostError('CONFIG_INVALID', `cannot read the configuration: ${(cause as Error).message}`, {
      cause,
    });
  }
}
