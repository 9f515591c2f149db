import type { SignatureFormat } from '../trust/signature-format.ts';

/** A file that says which keys are trusted, and where it goes on a client's machine. */
export interface TrustFile {
  /** Below the exported folder. */
  readonly path: string;
  readonly bytes: Uint8Array | string;
  /** Absolute, on the client's machine; undefined for what people read. */
  readonly goesTo?: string;
  /** Who reads it. */
  readonly reader: string;
}

/** The keys of one rule of the configuration. */
export interface TrustedRule {
  /** A repository name, or a prefix ending in "/*", or "*" for all. */
  readonly match: string;
  readonly formats: readonly SignatureFormat[];
  readonly threshold: number;
  /** All OpenPGP keys in one ring: clients of before 2022 read one file alone. */
  readonly openpgp: Uint8Array;
  /** Bytes of the key files, as they are. */
  readonly cosign: readonly Uint8Array[];
  readonly notation: readonly Uint8Array[];
}

const keyFolder = '/etc/pki/containers';

/** Everything that stock clients need to trust what `registry` serves, for the rules in their order. */
export function createTrustFiles(registry: string, rules: readonly TrustedRule[]): readonly TrustFile[] {
  // The first rule that matches counts; clients take the most particular one. What an earlier rule covers is left out.
  const named = rules
    .filter(({ match }, index) => !rules.slice(0, index).some((earlier) => covers(earlier.match, match)))
    .map((rule, index) => ({ ...rule, name: nameOf(rule.match, index) }));
  return [
    ...containersFiles(registry, named),
    ...cosignFiles(registry, named),
    ...notationFiles(registry, named),
  ];
}

/** What clients cannot be told by a file, for people. `hasNotary`: whether there is Notary v1 metadata. */
export function describeGaps(rules: readonly TrustedRule[], hasNotary: boolean): readonly string[] {
  const wild = rules.filter(({ match, formats }) => formats.includes('notation') && match.endsWith('*'));
  return [
    ...rules
      .filter(({ threshold }) => threshold > 1)
      .map(
        ({ match, threshold }) =>
          `${match}: ${threshold} keys have to sign, but podman, cosign and notation are content with one; "signpost verify" demands them all.`,
      ),
    ...wild
      .slice(1)
      .map(
        ({ match }) =>
          `${match}: notation knows no prefixes, and "*" is taken by ${wild[0]?.match ?? ''}: add its repositories to trustpolicy.json by name.`,
      ),
    'docker and nerdctl verify none of these signatures when they pull: use "signpost verify", or pull by a digest that was verified.',
    ...(hasNotary
      ? [
          'docker takes the first root that it sees of a repository: put docker/trust in place before that. It has the repositories that are published now; export again for later ones.',
        ]
      : []),
  ];
}

type NamedRule = TrustedRule & { readonly name: string };

function containersFiles(registry: string, rules: readonly NamedRule[]): readonly TrustFile[] {
  const used = rules.filter(({ formats }) => formats.includes('simple'));
  if (used.length === 0) return [];
  const reader = 'podman, CRI-O, skopeo and buildah';
  const docker: Record<string, readonly object[]> = {};
  const keys: TrustFile[] = [];
  for (const { name, match, openpgp } of used) {
    const keyPath = `${keyFolder}/${name}.gpg`;
    keys.push({ path: `containers/keys/${name}.gpg`, bytes: openpgp, goesTo: keyPath, reader });
    docker[scopeOf(registry, match)] ??= [
      { type: 'signedBy', keyType: 'GPGKeys', keyPath, signedIdentity: { type: 'matchRepoDigestOrExact' } },
    ];
  }
  docker[registry] ??= [{ type: 'reject' }];
  const policy = { default: [{ type: 'insecureAcceptAnything' }], transports: { docker } };
  const lookaside = { docker: { [registry]: { lookaside: `https://${registry}/signatures` } } };
  return [
    ...keys,
    {
      path: 'containers/policy.json',
      bytes: formatJson(policy),
      goesTo: '/etc/containers/policy.json (merge "transports.docker" into the one that is there)',
      reader,
    },
    {
      path: 'containers/registries.d/signpost.yaml',
      // JSON is YAML.
      bytes: formatJson(lookaside),
      goesTo: `/etc/containers/registries.d/${registry.replace(':', '-')}.yaml`,
      reader,
    },
  ];
}

function cosignFiles(registry: string, rules: readonly NamedRule[]): readonly TrustFile[] {
  const used = rules.filter(({ formats }) => formats.includes('cosign') || formats.includes('sigstore'));
  return used.flatMap(({ name, match, cosign }) => [
    ...cosign.map((bytes, index) => ({ path: `cosign/${name}-${index + 1}.pub`, bytes, reader: 'cosign' })),
    {
      path: `cosign/${name}.sh`,
      bytes: `#!/bin/sh
# Verifies an image below ${scopeOf(registry, match)}. The name is ${registry}/<repository>:<tag>.
set -e
cd "$(dirname "$0")"
${cosign.map((_, index) => `cosign verify --key ${name}-${index + 1}.pub --insecure-ignore-tlog "$1"`).join(' ||\n')}
`,
      reader: 'cosign',
    },
  ]);
}

function notationFiles(registry: string, rules: readonly NamedRule[]): readonly TrustFile[] {
  const used = rules.filter(({ formats, match }) => formats.includes('notation') && !match.endsWith('*'));
  const wild = rules.filter(({ formats, match }) => formats.includes('notation') && match.endsWith('*'));
  const named = [...used, ...wild.slice(0, 1)];
  const reader = 'notation';
  const home = '~/.config/notation';
  const policies = named.map(({ name, match }) => ({
    name,
    // Scopes are whole repositories or everything: notation knows no prefixes.
    registryScopes: match.endsWith('*') ? ['*'] : [`${registry}/${match}`],
    signatureVerification: { level: 'strict' },
    trustStores: [`ca:${name}`],
    trustedIdentities: ['*'],
  }));
  if (named.length === 0) return [];
  return [
    ...named.flatMap(({ name, notation }) =>
      notation.map((bytes, index) => {
        const path = `truststore/x509/ca/${name}/${index + 1}.pem`;
        return { path: `notation/${path}`, bytes, goesTo: `${home}/${path}`, reader };
      }),
    ),
    {
      path: 'notation/trustpolicy.json',
      bytes: formatJson({ version: '1.0', trustPolicies: policies }),
      goesTo: `${home}/trustpolicy.json`,
      reader,
    },
  ];
}

function covers(earlier: string, later: string): boolean {
  if (earlier === '*' || earlier === later) return true;
  return earlier.endsWith('/*') && later.startsWith(earlier.slice(0, -1));
}

/** The scope of policy.json for a rule's pattern: a namespace stands for everything below it. */
function scopeOf(registry: string, match: string): string {
  return match === '*' ? registry : `${registry}/${match.replace(/\/\*$/, '')}`;
}

function nameOf(match: string, index: number): string {
  const words = match.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
  return `signpost-${index + 1}${words === '' ? '' : `-${words}`}`;
}

function formatJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
