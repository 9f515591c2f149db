import { type TrustFile, formatJson } from './trust-file.ts';
import { type NamedRule, scopeOf } from './trusted-rule.ts';

const keyFolder = '/etc/pki/containers';
const reader = 'podman, CRI-O, skopeo and buildah';

/**
 * policy.json, registries.d and the keys for clients of containers/image. Simple signatures are preferred where a rule
 * demands both kinds: every version verifies them. What such clients cannot verify is rejected, and so is everything
 * else at the registry. Empty when there is nothing that they can verify.
 */
export function createContainersTrustFiles(
  registry: string,
  rules: readonly NamedRule[],
): readonly TrustFile[] {
  if (rules.every((rule) => kindOf(rule) === undefined)) return [];
  const docker: Record<string, readonly object[]> = {};
  const places: Record<string, object> = {};
  const keys: TrustFile[] = [];
  for (const rule of rules) {
    const scope = scopeOf(registry, rule.match);
    docker[scope] ??= [requirementOf(rule)];
    keys.push(...keysOf(rule));
    if (kindOf(rule) === 'sigstoreSigned') places[scope] = { 'use-sigstore-attachments': true };
  }
  docker[registry] ??= [{ type: 'reject' }];
  if (rules.some((rule) => kindOf(rule) === 'signedBy')) {
    places[registry] = { ...places[registry], lookaside: `https://${registry}/signatures` };
  }
  return [
    ...keys,
    {
      path: 'containers/policy.json',
      bytes: formatJson({ default: [{ type: 'insecureAcceptAnything' }], transports: { docker } }),
      goesTo: '/etc/containers/policy.json (merge "transports.docker" into the one that is there)',
      reader,
    },
    {
      path: 'containers/registries.d/signpost.yaml',
      // JSON is YAML.
      bytes: formatJson({ docker: places }),
      goesTo: `/etc/containers/registries.d/${registry.replace(':', '-')}.yaml`,
      reader,
    },
  ];
}

/** What these clients do not verify, or not all of them. */
export function describeContainersGaps(rules: readonly NamedRule[]): readonly string[] {
  const some = rules.some((rule) => kindOf(rule) !== undefined);
  return rules.flatMap(({ match, formats, cosign }) => {
    const kind = kindOf({ formats });
    if (kind === 'signedBy') return [];
    if (kind === undefined) {
      const what = `${match}: ${reader} cannot verify it: it is signed as ${formats.join(' and ')}, and they know "simple" and "cosign"`;
      return [
        some
          ? `${what}. The exported policy.json rejects its images.`
          : `${what}. Nothing is exported for them, and they take its images unverified.`,
      ];
    }
    const several =
      cosign.length > 1
        ? ' Its several keys need podman 5.3, skopeo 1.17 or newer: older versions refuse the whole policy.json.'
        : '';
    return [
      `${match}: ${reader} verify it by cosign's signatures. Those of Debian 12 refuse every policy of that kind: demand "simple" too for them.${several}`,
    ];
  });
}

type Kind = 'signedBy' | 'sigstoreSigned';

/** sigstore bundles and notation's signatures are nothing to containers/image. */
function kindOf({ formats }: Pick<NamedRule, 'formats'>): Kind | undefined {
  if (formats.includes('simple')) return 'signedBy';
  return formats.includes('cosign') ? 'sigstoreSigned' : undefined;
}

function requirementOf(rule: NamedRule): object {
  const type = kindOf(rule);
  if (type === undefined) return { type: 'reject' };
  const paths = keysOf(rule).map(({ goesTo }) => goesTo);
  const [keyPath] = paths;
  return {
    type,
    ...(type === 'signedBy' ? { keyType: 'GPGKeys' } : {}),
    // Older versions know one path alone.
    ...(paths.length > 1 ? { keyPaths: paths } : { keyPath }),
    signedIdentity: { type: 'matchRepoDigestOrExact' },
  };
}

function keysOf(rule: NamedRule): readonly TrustFile[] {
  const file = (name: string, bytes: TrustFile['bytes']): TrustFile => ({
    path: `containers/keys/${name}`,
    bytes,
    goesTo: `${keyFolder}/${name}`,
    reader,
  });
  switch (kindOf(rule)) {
    case 'signedBy':
      return [file(`${rule.name}.gpg`, rule.openpgp)];
    case 'sigstoreSigned':
      return rule.cosign.map((pem, index) => file(`${rule.name}-${index + 1}.pub`, pem));
    case undefined:
      return [];
  }
}
