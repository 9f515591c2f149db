import type { Command } from 'commander';
import { parseImageSource, type RegistryImageName } from '../../oci/image-source-name.ts';
import { SignpostError } from '../../oci/errors.ts';
import { parsePlatform } from '../../oci/platform.ts';
import type { Step } from '../../trust/verify/step.ts';
import type { Verification } from '../../client/verify-chain.ts';
import { createVerb, printResult, type CommonOptions, type Terminal } from '../terminal/command.ts';
import { composeVerify } from './compose-verify.ts';
import { credentialFiles } from '../config/config.ts';
import { describeSteps } from './describe-steps.ts';
import { type ProxyOption, noProxyOption } from '../terminal/proxy-option.ts';
import { collect } from '../terminal/collect.ts';

interface Options extends CommonOptions, ProxyOption {
  readonly policy: string;
  readonly platform?: readonly string[];
  readonly printReference?: boolean;
  readonly blobs?: boolean;
  readonly state?: string;
  readonly sourceCa?: readonly string[];
  readonly sourceInsecure?: boolean;
  readonly sourcePlainHttp?: boolean;
  readonly authFile?: string;
}

/** `signpost verify`: walks from a name to the bytes, and believes nothing on the way. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'verify',
    'Verify an image in a registry: the list, its manifests, their signatures by a policy, and with --blobs every byte. ' +
      'It stops at the first step that fails, with exit status 3.',
    [
      'signpost verify images.example.org/fedora/base:41 --policy policy.yaml',
      'signpost verify images.example.org/fedora/base:41 --policy policy.yaml --state seen.json --blobs',
      'signpost verify images.example.org/fedora/base:41 --policy /etc/containers/policy.json --platform linux/arm64',
      'docker pull "$(signpost verify --print-reference images.example.org/fedora/base:41 --policy policy.yaml)"',
    ],
  )
    .argument('<image>', '<host>/<repository>:<tag> or <host>/<repository>@<digest>')
    .requiredOption(
      '--policy <file>',
      'policy of Signpost (docs/verifying.md), or policy.json of podman, skopeo and CRI-O',
    )
    .option('--platform <platform>', 'only this platform; may be repeated', collect)
    .option(
      '--print-reference',
      'print <host>/<repository>@<digest> when the image is verified, and nothing otherwise',
    )
    .option('--blobs', 'download and hash every blob too')
    .option('--state <file>', 'remember what each tag led to, and refuse older content later')
    .option('--auth-file <file>', 'file with registry credentials, instead of those of docker and podman')
    .option(
      '--source-ca <file>',
      'trust this certificate authority (PEM) in addition to those of the system; may be repeated',
      collect,
    )
    .option('--source-insecure', "do not verify the registry's certificate")
    .option('--source-plain-http', 'use HTTP without TLS for the registry')
    .addOption(noProxyOption())
    .action(async (image: string, options: Options) => {
      const verified = await composeVerify(parseImage(image), {
        policy: options.policy,
        platforms: (options.platform ?? []).map(parsePlatform),
        blobs: options.blobs === true,
        state: options.state,
        credentialFiles: options.authFile === undefined ? credentialFiles() : [options.authFile],
        tls: {
          certificateAuthorities: options.sourceCa ?? [],
          insecure: options.sourceInsecure === true,
          plainHttp: options.sourcePlainHttp === true,
        },
        proxy: options.proxy !== false,
        signal: terminal.signal,
      });
      printResult(terminal, options, verified, describe(verified, options));
      if (!verified.ok) throw new SignpostError('TRUST', describeFailure(verified));
    });
}

function describe(verified: Verification, { printReference }: Options): readonly string[] {
  if (printReference !== true) return describeSteps(verified);
  return verified.reference === undefined ? [] : [verified.reference];
}

/** The first step that failed, at the bottom of the tree. */
function describeFailure(step: Step): string {
  const below = step.steps?.find(({ ok }) => !ok);
  return below === undefined ? `${step.name}: ${step.detail ?? 'failed'}` : describeFailure(below);
}

function parseImage(text: string): RegistryImageName {
  const name = parseImageSource(text.startsWith('docker://') ? text : `docker://${text}`);
  if (name.kind === 'registry') return name;
  throw new SignpostError('USAGE', 'expected an image in a registry');
}
