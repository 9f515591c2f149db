import { parseWebhookUrl } from '../../mirrors/parse-mirror-url.ts';
import type { Config } from './config-schema.ts';
import { collide, isLoopback } from './listen-address.ts';
import { readAllowedAddresses } from './netblock-settings.ts';
import type { SettingProblem } from './parse-settings.ts';
import { findShadowed } from './repository-match.ts';

export type Conflict = Pick<SettingProblem, 'path' | 'message'>;

/** What is wrong with settings only because of others. `ruleIndexes` says where each rule is in the file. */
export function findConflicts(config: Config, ruleIndexes: readonly number[]): readonly Conflict[] {
  return [
    ...findShadowedRules(config, ruleIndexes),
    ...findUnverifiable(config, ruleIndexes),
    ...findUseless(config),
    ...findListenerConflicts(config),
    ...findWrongHooks(config),
  ];
}

function findShadowedRules({ repositories }: Config, ruleIndexes: readonly number[]): readonly Conflict[] {
  const matches = repositories.map(({ match }) => match);
  return findShadowed(matches).map(({ index, by }) => ({
    path: ['repositories', ruleIndexes[index] ?? index, 'match'],
    message:
      `never used: ${JSON.stringify(matches[by])} of rule ${ruleIndexes[by] ?? by} matches all that ` +
      `${JSON.stringify(matches[index])} does, and the first rule that matches counts: put this one before it`,
  }));
}

function findUnverifiable(
  { repositories, tuf: { root }, notary: { certificates } }: Config,
  ruleIndexes: readonly number[],
): readonly Conflict[] {
  return repositories.flatMap(({ formats }, index) => {
    const missing = [
      ...(formats.includes('tuf') && root === undefined ? ['tuf.root'] : []),
      ...(formats.includes('notary') && certificates.length === 0 ? ['notary.certificates'] : []),
    ];
    return missing.map((setting) => ({
      path: ['repositories', ruleIndexes[index] ?? index, 'formats'],
      message: `expected "${setting}" to be configured, which this format is verified with`,
    }));
  });
}

/** Settings that do nothing without another one are more often a mistake than a wish. */
function findUseless({ tuf, database, databasePasswordFile, origin, admin }: Config): readonly Conflict[] {
  const useless = (path: readonly string[], other: string) => ({
    path,
    message: `has no effect without "${other}"`,
  });
  return [
    ...(databasePasswordFile !== undefined && database === undefined
      ? [useless(['databasePasswordFile'], 'database')]
      : []),
    ...(tuf.timestampKey !== undefined && tuf.root === undefined
      ? [useless(['tuf', 'timestampKey'], 'tuf.root')]
      : []),
    ...(tuf.timestampPassphraseFile !== undefined && tuf.timestampKey === undefined
      ? [useless(['tuf', 'timestampPassphraseFile'], 'tuf.timestampKey')]
      : []),
    ...(origin !== undefined && admin.listen.length > 0
      ? [
          {
            path: ['admin', 'listen'],
            message:
              'a front end has nothing to manage: take away "admin", or "origin" when this is the origin',
          },
        ]
      : []),
  ];
}

function findListenerConflicts({ registry, admin, metrics }: Config): readonly Conflict[] {
  const listeners = Object.entries({ registry, admin, metrics }).flatMap(([section, { listen }]) =>
    listen.map((listener, index) => ({ ...listener, section, path: [section, 'listen', index] })),
  );
  return listeners.flatMap((listener, index): readonly Conflict[] => {
    const { path, address, port, tls, section } = listener;
    const other = listeners.slice(0, index).find((before) => collide(before, listener));
    return [
      ...(other === undefined
        ? []
        : [{ path, message: `${address} port ${port} is taken by ${other.path.join('.')} already` }]),
      ...(section === 'admin' && tls === undefined && !isLoopback(address)
        ? [
            {
              path,
              message:
                'tokens would cross the network in the open: give it "tls", or listen on a loopback address behind ' +
                'a proxy that has TLS',
            },
          ]
        : []),
    ];
  });
}

function findWrongHooks(config: Config): readonly Conflict[] {
  const allowed = readAllowedAddresses(config);
  return config.webhooks.hooks.flatMap(({ url }, index) => {
    try {
      parseWebhookUrl(url, allowed);
      return [];
    } catch (error) {
      return [{ path: ['webhooks', 'hooks', index, 'url'], message: (error as Error).message }];
    }
  });
}
