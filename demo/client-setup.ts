import { type DemoMirror, demoMirrors, type DemoPaths, lookingAddress } from './demo-world.ts';

/** A command with which a stock client pulls from the demo. */
export interface ClientCommand {
  readonly tool: 'curl' | 'docker' | 'podman' | 'skopeo';
  /** What it shows, in one line. */
  readonly shows: string;
  readonly argv: readonly string[];
  /** Whether the client takes the image, or must refuse it. */
  readonly succeeds: boolean;
}

/** What was published, as clients name it. */
export interface DemoImage {
  /** Host and port. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  /** The digest of the signed list. */
  readonly list: string;
  /** The digest of a blob large enough to be redirected, if there is one. */
  readonly largeBlob: string | undefined;
  /** The option that makes the image's program print its version, for the demo's own image alone. */
  readonly tryOption: string | undefined;
}

/**
 * containers-policy.json(5): nothing but what is signed by the key in `keyPath`, and nothing from anywhere else.
 */
export function writePolicy(registry: string, keyPath: string): string {
  const signed = [{ type: 'signedBy', keyType: 'GPGKeys', keyPath }];
  const policy = { default: [{ type: 'reject' }], transports: { docker: { [registry]: signed } } };
  return `${JSON.stringify(policy, undefined, 2)}\n`;
}

/**
 * containers-registries.d(5): no lookaside. Signpost hands out the signatures by the registry's own extension, so
 * clients need none; naming an empty folder keeps the machine's own settings out of the demo.
 */
export function writeRegistriesFile(registry: string): string {
  return `# The registry at ${registry} gives the signatures itself: nothing is to be set.\ndocker: {}\n`;
}

/** The commands to print, in the order in which to try them. */
export function clientCommands(image: DemoImage, paths: DemoPaths): readonly ClientCommand[] {
  const byTag = `${image.registry}/${image.repository}:${image.tag}`;
  const byDigest = `${image.registry}/${image.repository}@${image.list}`;
  return [
    ...curlCommands(image, paths),
    {
      tool: 'skopeo',
      shows: 'all platforms, each signature verified by the policy',
      argv: skopeoCopy(byTag, paths.policy, paths.pulled, paths),
      succeeds: true,
    },
    {
      tool: 'skopeo',
      shows: 'the same under a policy that wants another key: refused',
      argv: skopeoCopy(byTag, paths.strictPolicy, paths.refused, paths),
      succeeds: false,
    },
    {
      tool: 'podman',
      shows: 'this machine’s platform, signature verified',
      argv: ['podman', 'pull', '--signature-policy', paths.policy, '--cert-dir', paths.certificates, byTag],
      succeeds: true,
    },
    ...runCommands('podman', byTag, image),
    {
      tool: 'docker',
      shows: 'by tag (docker needs no certificate for localhost)',
      argv: ['docker', 'pull', byTag],
      succeeds: true,
    },
    {
      tool: 'docker',
      shows: 'by the digest that was signed, so that docker checks all below it',
      argv: ['docker', 'pull', byDigest],
      succeeds: true,
    },
    ...runCommands('docker', byTag, image),
  ];
}

/** `argv` as a person would type it in a shell. */
export function shellCommand(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

function curlCommands(image: DemoImage, paths: DemoPaths): readonly ClientCommand[] {
  const { largeBlob } = image;
  if (largeBlob === undefined) return [];
  const url = `https://${image.registry}/v2/${image.repository}/blobs/${largeBlob}`;
  const curl = ['curl', '-sS', '--dump-header', '-', '--output', '/dev/null', '--cacert', paths.authority];
  const from = (mirror: DemoMirror): ClientCommand => ({
    tool: 'curl',
    shows: `the same from an address that counts as being in ${mirror.country}`,
    argv: [...curl, '--interface', mirror.clientAddress, url],
    succeeds: true,
  });
  const here: ClientCommand = {
    tool: 'curl',
    shows: 'where a layer is to be fetched from',
    argv: [...curl, '--interface', lookingAddress, url],
    succeeds: true,
  };
  return [here, ...demoMirrors.slice(1).map(from)];
}

function skopeoCopy(byTag: string, policy: string, target: string, paths: DemoPaths): readonly string[] {
  return [
    'skopeo',
    '--policy',
    policy,
    '--registries.d',
    paths.registriesFolder,
    'copy',
    '--all',
    '--src-cert-dir',
    paths.certificates,
    `docker://${byTag}`,
    `dir:${target}`,
  ];
}

function runCommands(
  tool: 'docker' | 'podman',
  byTag: string,
  { tryOption }: DemoImage,
): readonly ClientCommand[] {
  if (tryOption === undefined) return [];
  const argv = [tool, 'run', '--rm', byTag, tryOption];
  return [{ tool, shows: 'run it', argv, succeeds: true }];
}
