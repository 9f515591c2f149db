import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { SignpostError } from '../oci/errors.ts';
import { type Config, configSchema } from './config-schema.ts';
import { parseSettings } from './parse-settings.ts';

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

/**
 * Reads the configuration file named by `--config` or `SIGNPOST_CONFIG`, or the usual one where it exists; without any,
 * the defaults hold. `--data` and `SIGNPOST_DATA` go before the file's `data`. Relative paths are relative to the file.
 * @throws SignpostError CONFIG_INVALID with the path of the setting, its value and what was expected
 */
export function loadConfig(
  options: ConfigOptions,
  environment: NodeJS.ProcessEnv = process.env,
  usual: string = usualConfigFile,
): LoadedConfig {
  const file = options.config ?? environment.SIGNPOST_CONFIG ?? (isThere(usual) ? usual : undefined);
  const config = file === undefined ? parseConfig('', 'the defaults') : parseConfig(readFile(file), file);
  const base = file === undefined ? process.cwd() : dirname(resolve(file));
  const data = options.data ?? environment.SIGNPOST_DATA;
  return {
    ...resolvePaths(config, base),
    file,
    data: data === undefined ? resolve(base, config.data) : resolve(data),
  };
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

/**
 * Reads a configuration from YAML 1.2. `file` names it in messages.
 * @throws SignpostError CONFIG_INVALID
 */
export function parseConfig(yaml: string, file: string): Config {
  return parseSettings(configSchema, yaml, file, 'configuration');
}

/**
 * The environment for a child that runs Signpost with a configuration of its own: nothing in it may go before what
 * the command line says.
 */
export function childEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('SIGNPOST_')));
}

/** Where downloads are kept: `.cache` in a checkout, the user's cache folder when Signpost is installed as a package. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const root = resolve(import.meta.dirname, '../..');
  if (!root.split(sep).includes('node_modules')) return join(root, '.cache');
  return join(environment.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'signpost');
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

function resolvePaths(config: Config, base: string): Config {
  const at = (path: string) => resolve(base, path);
  const listenAt = <T extends Config['registry']['listen'][number]>(listener: T): T =>
    listener.tls === undefined
      ? listener
      : { ...listener, tls: { certificate: at(listener.tls.certificate), key: at(listener.tls.key) } };
  const { places, mirrors, registry, repositories, signers, tuf, notary, webhooks } = config;
  const { root, timestampKey, timestampPassphraseFile } = tuf;
  return {
    ...config,
    registry: { ...registry, listen: registry.listen.map(listenAt) },
    metrics: { listen: config.metrics.listen.map(listenAt) },
    admin: { ...config.admin, listen: config.admin.listen.map(listenAt) },
    webhooks: {
      ...webhooks,
      hooks: webhooks.hooks.map((hook) => ({ ...hook, secretFile: at(hook.secretFile) })),
      ...(webhooks.contactSecretFile === undefined
        ? {}
        : { contactSecretFile: at(webhooks.contactSecretFile) }),
    },
    repositories: repositories.map((rule) => ({
      ...rule,
      keys: rule.keys.map(at),
      cosignKeys: rule.cosignKeys.map(at),
      notationRoots: rule.notationRoots.map(at),
    })),
    signers: signers.map(at),
    tuf: {
      ...tuf,
      ...(root === undefined ? {} : { root: at(root) }),
      // A key may be a URI, or a command that is named by a file.
      ...(timestampKey === undefined || /^(?:pkcs11|command):/.test(timestampKey)
        ? {}
        : { timestampKey: at(timestampKey) }),
      ...(timestampPassphraseFile === undefined
        ? {}
        : { timestampPassphraseFile: at(timestampPassphraseFile) }),
    },
    ...(config.databasePasswordFile === undefined
      ? {}
      : { databasePasswordFile: at(config.databasePasswordFile) }),
    notary: { certificates: notary.certificates.map(at) },
    mirrors: { ...mirrors, certificateAuthorities: mirrors.certificateAuthorities.map(at) },
    ...(config.origin === undefined
      ? {}
      : {
          origin: {
            ...config.origin,
            key: at(config.origin.key),
            certificateAuthorities: config.origin.certificateAuthorities.map(at),
            ...(config.origin.tokenFile === undefined ? {} : { tokenFile: at(config.origin.tokenFile) }),
          },
        }),
    places: {
      ...places,
      ...(places.countryDatabase === undefined ? {} : { countryDatabase: at(places.countryDatabase) }),
      ...(places.asnDatabase === undefined ? {} : { asnDatabase: at(places.asnDatabase) }),
    },
  };
}
