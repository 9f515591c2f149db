import type { SignatureFormat } from '../../trust/signature-format.ts';
import { createContainersTrustFiles, describeContainersGaps } from './containers-trust-files.ts';
import { type TrustFile, formatJson } from './trust-file.ts';
import { type NamedRule, type TrustedRule, nameRules, scopeOf } from './trusted-rule.ts';

/** Everything that stock clients need to trust what `registry` serves, for the rules in their order. */
export function createTrustFiles(registry: string, rules: readonly TrustedRule[]): readonly TrustFile[] {
  const named = nameRules(rules);
  return [
    ...createContainersTrustFiles(registry, named),
    ...cosignFiles(registry, named),
    ...notationFiles(registry, named),
  ];
}

/** What clients cannot be told by a file, for people. `hasNotary`: whether there is Notary v1 metadata. */
export function describeGaps(rules: readonly TrustedRule[], hasNotary: boolean): readonly string[] {
  const wild = rules.filter(({ match, formats }) => formats.includes('notation') && match.endsWith('*'));
  return [
    ...describeContainersGaps(nameRules(rules)),
    ...nameRules(rules).flatMap(describeOtherGaps),
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
    'docker and nerdctl verify none of these signatures when they pull: docker pull "$(signpost verify --print-reference <image> --policy <file>)" pulls what was verified.',
    ...(hasNotary
      ? [
          'docker takes the first root that it sees of a repository: put docker/trust in place before that. It has the repositories that are published now; export again for later ones.',
        ]
      : []),
  ];
}

/** What cosign and notation do not verify of a rule, and what nobody but clients of metadata looks at. */
function describeOtherGaps({ match, formats, metadata }: NamedRule): readonly string[] {
  const others = [
    ...(isForCosign(formats) ? [] : ['cosign']),
    ...(formats.includes('notation') ? [] : ['notation']),
  ];
  const unseen = metadata.map((format) => (format === 'tuf' ? 'TUF' : 'Notary v1')).join(' and ');
  return [
    ...(others.length === 0
      ? []
      : [`${match}: ${others.join(' and ')} cannot verify it: the rule has no keys for that.`]),
    ...(unseen === ''
      ? []
      : [
          `${match}: only clients of ${unseen} metadata and "signpost verify" notice when this metadata does not name a tag.`,
        ]),
  ];
}

function isForCosign(formats: readonly SignatureFormat[]): boolean {
  return formats.includes('cosign') || formats.includes('sigstore');
}

function cosignFiles(registry: string, rules: readonly NamedRule[]): readonly TrustFile[] {
  const used = rules.filter(({ formats }) => isForCosign(formats));
  return used.flatMap(({ name, match, cosign }) => [
    ...cosign.map((bytes, index) => ({ path: `cosign/${name}-${index + 1}.pub`, bytes, reader: 'cosign' })),
    {
      path: `cosign/${name}.sh`,
      bytes: `#!/bin/sh
# Verifies that an image below ${scopeOf(registry, match)} was signed for the tag by which it is asked for.
# The name is ${registry}/<repository>:<tag>.
set -e
case "$1" in
${registry}/*@*) echo "$1 has a digest: name the tag, which is what was signed" >&2; exit 2 ;;
${registry}/*:*) ;;
*) echo "usage: $0 ${registry}/<repository>:<tag>" >&2; exit 2 ;;
esac
cd "$(dirname "$0")"
${cosign.map((_, index) => `cosign verify --key ${name}-${index + 1}.pub --insecure-ignore-tlog -a "reference=$1" "$1"`).join(' ||\n')}
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
