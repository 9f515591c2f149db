import type { Command } from 'commander';
import { formatBytes } from '../../text/quantity.ts';
import { parseImageSource } from '../../oci/image-source-name.ts';
import { SignpostError } from '../../oci/errors.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { parseTaggedReference } from '../../oci/reference.ts';
import type { PublishResult } from '../../origin/publish/publish-image.ts';
import { defaultLimits } from '../../origin/publish/publish-limits.ts';
import { type Schema1Result, describeSigner } from '../../origin/publish/take-schema1.ts';
import { signatureTypes } from '../../trust/artifact-formats.ts';
import { collect } from '../terminal/collect.ts';
import { type CommonOptions, createVerb, printResult, type Terminal } from '../terminal/command.ts';
import { loadCheckedConfig } from '../checks/checked-config.ts';
import { composeProgress } from '../terminal/progress.ts';
import { composePublish, composeWait } from './compose-publish.ts';
import { type LoadedConfig, credentialFiles, dockerHost } from '../config/config.ts';
import { parseParallel } from '../terminal/parallel-option.ts';
import { type ProxyOption, noProxyOption } from '../terminal/proxy-option.ts';
import { requireRule } from '../config/required-rule.ts';

interface Options extends CommonOptions, ProxyOption {
  readonly platform?: readonly string[];
  readonly parallel: number;
  readonly renew?: boolean;
  readonly referrers?: boolean;
  readonly allowLayerMismatch?: boolean;
  readonly wait?: boolean;
  readonly sourceCa?: readonly string[];
  readonly sourceInsecure?: boolean;
  readonly sourcePlainHttp?: boolean;
  readonly authFile?: string;
}

/** `signpost publish`: copies an image into the staging area, where it waits for its signature. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'publish',
    'Copy an image or an artifact into the staging area. Every byte is checked against its digest, and the layers against the ' +
      "image's config. Nothing is served before it is signed. To resume an interrupted copy, run the command again.",
    [
      'signpost publish docker://registry.example.org/fedora:41 fedora/base:41',
      'signpost publish oci:build/image:41 fedora/base:41 --platform linux/amd64 --platform linux/arm64',
      'signpost publish oci:layout.tar@sha256:<hex> tools/hello:1.0',
      'signpost publish oci:amd64 oci:arm64 fedora/base:41',
      'signpost publish docker-archive:image.tar tools/hello:1.0',
      'signpost publish docker://localhost:5001/hello:1 tools/hello:1.0 --source-plain-http',
    ],
  )
    .usage('[options] <source...> <target>')
    .argument(
      '<source...>',
      'docker://<host>/<repository>:<tag>; oci:<folder or tar>, followed by :<ref>, @<digest> or :@<position> when it holds ' +
        'several images; docker-archive:<file>, followed by :<repository>:<tag> or :@<position>; ' +
        'containers-storage:<image>; or docker-daemon:<image>. Several sources make one manifest list of all their ' +
        'platforms. The last argument is the target: the <repository>:<tag> to publish under',
    )
    .option('--platform <platform>', 'only this platform, such as linux/arm64; may be repeated', collect)
    .option('--parallel <count>', 'how many blobs are copied at the same time', parseParallel, 4)
    .option('--renew', 'stage the image for a new signature even if it is already published')
    .option(
      '--referrers',
      'also copy what refers to the image (SBOMs, provenance, signatures by others). It is served with the image, but Signpost does not verify it',
    )
    .option(
      '--allow-layer-mismatch',
      'stage an image even if its layers differ from what its config says. Clients can pull such an image, but not use it',
    )
    .option(
      '--wait',
      'wait, for at most a day, until the image is signed and accepted. Mirrors get it later: see "signpost propagation"',
    )
    .option('--auth-file <file>', 'file with registry credentials, instead of those of docker and podman')
    .option(
      '--source-ca <file>',
      'trust this certificate authority (PEM) in addition to those of the system; may be repeated',
      collect,
    )
    .option('--source-insecure', "do not verify the source's certificate")
    .option('--source-plain-http', 'use HTTP without TLS for the source')
    .addOption(noProxyOption())
    .action(async (words: readonly string[], options: Options) => {
      const [target, ...sources] = words.toReversed();
      if (target === undefined || sources.length === 0) {
        throw new SignpostError('USAGE', 'expected a source and the target, "<repository>:<tag>"');
      }
      const config = await loadCheckedConfig(options, 'publishing');
      const result = await publish(terminal, config, sources.toReversed(), target, options);
      printResult(terminal, options, { event: 'result', ...result }, describe(result));
      if (options.wait === true && result.outcome === 'staged')
        await wait(terminal, config, target, result, options);
    });
}

async function wait(
  terminal: Terminal,
  config: LoadedConfig,
  target: string,
  { reference, list }: PublishResult,
  options: Options,
): Promise<void> {
  await composeWait(config, parseTaggedReference(target), list, {
    signal: terminal.signal,
    onReason: (reason) =>
      printResult(terminal, options, { event: 'waiting', reason }, [`still waiting: ${reason}`]),
  });
  printResult(terminal, options, { event: 'published', reference, list }, [
    `published ${reference}  ${list}`,
  ]);
}

async function publish(
  terminal: Terminal,
  config: LoadedConfig,
  sources: readonly string[],
  target: string,
  options: Options,
) {
  const names = sources.map(parseImageSource);
  const reference = parseTaggedReference(target);
  const { schema1, formats } = requireRule(config, reference.repository);
  const platforms = (options.platform ?? []).map(parsePlatform);
  using progress = composeProgress(terminal, options.json === true);
  return await composePublish(config, names, reference, {
    platforms,
    parallel: options.parallel,
    renew: options.renew === true,
    allowLayerMismatch: options.allowLayerMismatch === true,
    schema1,
    limits: { ...defaultLimits, layers: config.publish.layers },
    ...(options.referrers === true ? { referrers: { reserved: signatureTypes(formats) } } : {}),
    progress,
    signal: terminal.signal,
    proxy: options.proxy !== false,
    source: {
      dockerHost: dockerHost(),
      credentialFiles: options.authFile === undefined ? credentialFiles() : [options.authFile],
      tls: {
        certificateAuthorities: options.sourceCa ?? [],
        insecure: options.sourceInsecure === true,
        plainHttp: options.sourcePlainHttp === true,
      },
    },
  });
}

function describe(result: PublishResult | Schema1Result): readonly string[] {
  if (result.outcome === 'archived') {
    return [
      `${result.reference} is Docker schema 1: kept as ${result.digest} in ${result.place}`,
      ...result.signers.map((signer) => `  its embedded signature holds: ${describeSigner(signer)}`),
      'It is only kept as a record: no tag leads to it, and nothing of it is served. To publish the image, convert it first.',
    ];
  }
  if (result.outcome === 'already-published') {
    return [
      `${result.reference} is published already as ${result.list}: nothing to do (--renew stages it for a new signature)`,
    ];
  }
  const { copied, resumed, present, published } = result.blobs;
  return [
    `staged ${result.reference}  ${result.list}`,
    ...(result.madeBecause === undefined ? [] : [`  ${madeBecause[result.madeBecause]}`]),
    ...result.leftOut.map(({ digest, reason }) => `  left out: ${digest}: ${reason}`),
    ...result.mismatches.map((mismatch) => `  warning: ${mismatch}`),
    ...result.unchecked.map(
      ({ name, digest, mediaType, reason }) =>
        `  not compared with the image's config: ${name} (${digest}, ${mediaType}): ${reason}`,
    ),
    ...result.manifests.map(({ digest, platform }) => `  ${digest}  ${platform ?? 'no platform'}`),
    `  ${formatBytes(result.bytes)} in ${copied + resumed + present + published} blobs: ${copied} copied, ` +
      `${resumed} resumed, ${present} staged already, ${published} published already`,
    ...describeReferrers(result.referrers),
    'It waits for its signature: next, "signpost request".',
  ];
}

function describeReferrers(counts: PublishResult['referrers']): readonly string[] {
  if (counts === undefined) return [];
  const { taken, leftOut, reserved } = counts;
  const left =
    reserved.length > 0
      ? [
          `  ${count(leftOut ?? 0, 'referrer')} left out: the repository demands signatures that are found as ` +
            `${reserved.join(', ')}, and only those that "signpost accept" verifies are published as such`,
        ]
      : leftOut === undefined
        ? [
            '  The source does not say what refers to the image (SBOMs, signatures): nothing of it is taken along.',
          ]
        : leftOut > 0
          ? [
              `  ${count(leftOut, 'referrer')} (SBOMs, provenance, signatures) left out: --referrers takes them along`,
            ]
          : [];
  return [
    ...(taken > 0
      ? [`  ${count(taken, 'referrer')} taken along: served with the image, and vouching for nothing`]
      : []),
    ...left,
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

const madeBecause = {
  'single-manifest': 'The source has one manifest and no list: a list of one was made around it.',
  'chosen-platforms':
    "Only some platforms were chosen: a new list of just those was made, not the source's own.",
  'left-out': "Some manifests of the source's list cannot be published: a new list of the others was made.",
  'several-sources': 'A list of the manifests of all sources was made, in their order.',
  'nested-lists': 'The source has lists inside its list: a new list of all their manifests was made.',
} as const;
