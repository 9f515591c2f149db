import { resolve } from 'node:path';
import type { Config } from './config-schema.ts';

/** Makes the paths of a configuration, which are relative to its file, absolute; all but `data`. */
export function resolvePaths(config: Config, base: string): Config {
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
