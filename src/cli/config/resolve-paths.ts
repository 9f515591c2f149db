import { resolve } from 'node:path';
import type { Config } from './config-schema.ts';

/** Makes the paths of a configuration, which are relative to its file, absolute; all but `data`. */
export function resolvePaths(config: Config, base: string): Config {
  const at = (path: string) => resolve(base, path);
  const maybeAt = (path: string | undefined) => (path === undefined ? undefined : at(path));
  const listenAt = <T extends Config['registry']['listen'][number]>(listener: T): T =>
    listener.tls === undefined
      ? listener
      : { ...listener, tls: { certificate: at(listener.tls.certificate), key: at(listener.tls.key) } };
  const { places, mirrors, registry, repositories, signers, tuf, notary, webhooks, origin } = config;
  // A key may be a URI, or a command that is named by a file.
  const isFile = !/^(?:pkcs11|command):/.test(tuf.timestampKey ?? '');
  return {
    ...config,
    databasePasswordFile: maybeAt(config.databasePasswordFile),
    registry: { ...registry, listen: registry.listen.map(listenAt) },
    metrics: { listen: config.metrics.listen.map(listenAt) },
    admin: { ...config.admin, listen: config.admin.listen.map(listenAt) },
    webhooks: {
      ...webhooks,
      hooks: webhooks.hooks.map((hook) => ({ ...hook, secretFile: at(hook.secretFile) })),
      masterSecretFile: maybeAt(webhooks.masterSecretFile),
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
      root: maybeAt(tuf.root),
      timestampKey: isFile ? maybeAt(tuf.timestampKey) : tuf.timestampKey,
      timestampPassphraseFile: maybeAt(tuf.timestampPassphraseFile),
    },
    notary: { certificates: notary.certificates.map(at) },
    mirrors: { ...mirrors, certificateAuthorities: mirrors.certificateAuthorities.map(at) },
    origin: origin && {
      ...origin,
      key: at(origin.key),
      certificateAuthorities: origin.certificateAuthorities.map(at),
      tokenFile: maybeAt(origin.tokenFile),
    },
    places: {
      ...places,
      countryDatabase: maybeAt(places.countryDatabase),
      asnDatabase: maybeAt(places.asnDatabase),
    },
  };
}
