import { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import { formatTaggedReference } from '../../oci/reference.ts';
import type { ConsideredRequest } from '../../signer/handle-request.ts';
import type { ReadRequest } from '../../signer/read-request.ts';
import type { WaitingOutcome } from '../../signer/sign-waiting.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { type SignerSettings, composeApprove, composeSignWaiting, composeWatch } from './compose-signer.ts';
import { describePlan } from './describe-plan.ts';
import { parseDuration } from '../terminal/duration.ts';
import { plural } from '../terminal/plural.ts';
import {
  type ClockOptions,
  addClockOption,
  describeClockWarnings,
  refuseClockDoubts,
} from './clock-doubts.ts';
import { confirm } from '../terminal/prompt.ts';
import { sealKeySource } from '../keys/seal-signer.ts';
import {
  type SigningKeyOptions,
  addSigningKeyOptions,
  bundleKeySource,
  keySources,
  metadataKeyFiles,
} from './signing-key-options.ts';
import { formatTime } from '../../text/format-time.ts';

interface FolderOptions extends CommonOptions, SigningKeyOptions {
  readonly policy: string;
  readonly maximumSize: string;
}

/** `signpost signer`: signs unattended what a written policy allows. */
export function createCommand(terminal: Terminal): Command {
  return new Command('signer')
    .description('Sign requests unattended, as a policy allows. All other requests wait for a person.')
    .addHelpText(
      'after',
      '\nExample:\n  $ signpost signer watch /srv/signer --policy policy.yaml --key release.key\n\nThe policy and the folder are described in docs/signing.md.',
    )
    .addCommand(createWatchCommand(terminal))
    .addCommand(createSignWaiting(terminal))
    .addCommand(createApprove(terminal));
}

function addFolderOptions(command: Command): Command {
  return addSigningKeyOptions(
    command
      .argument('<folder>', 'folder with "in", "out", "waiting", "refused" and "done"')
      .requiredOption(
        '--policy <file>',
        'YAML file that says what may be signed without asking (docs/signing.md)',
      )
      .option('--maximum-size <MiB>', 'refuse larger requests without reading them', '256'),
  );
}

function createWatchCommand(terminal: Terminal): Command {
  interface WatchOptions extends FolderOptions {
    readonly once?: boolean;
    readonly interval: string;
  }
  const command = createVerb(
    'watch',
    'Sign the requests in a folder that the policy allows, as they arrive. This command uses no network.',
    [
      'signpost signer watch /srv/signer --policy policy.yaml --key release.key --passphrase-file /run/secrets/release',
      'signpost signer watch /srv/signer --policy policy.yaml --gpg 0123456789ABCDEF0123456789ABCDEF01234567 --once',
    ],
  );
  return addFolderOptions(command)
    .option('--once', 'process the folder once and exit, for cron and timers')
    .option('--interval <time>', 'polling interval, in addition to file-system notifications', '10s')
    .action(async (folder: string, options: WatchOptions) => {
      const once = options.once === true;
      const interval = parseDuration(options.interval, '--interval');
      const result = await composeWatch({ ...settingsOf(terminal, folder, options), once, interval });
      if (!once) return;
      const { signed, waiting, refused, failed, ignored } = result;
      printResult(terminal, options, result, [
        `${plural(signed, 'request')} signed, ${waiting} waiting, ${refused} refused, ${failed} failed.`,
        ...ignored.map(
          (name) => `ignored  in/${name}: a request is a regular file whose name ends in ".request"`,
        ),
      ]);
      if (failed > 0)
        throw new SignpostError('UNAVAILABLE', `${plural(failed, 'request')} could not be signed`);
    });
}

function createSignWaiting(terminal: Terminal): Command {
  interface WaitingOptions extends FolderOptions {
    readonly yes?: boolean;
    readonly refuse?: boolean;
    readonly adoptRecord?: boolean;
  }
  const command = createVerb(
    'sign-waiting',
    'Sign or refuse the requests that wait for the decision of a person.',
    [
      'signpost signer sign-waiting /srv/signer --policy policy.yaml --key release.key',
      'signpost signer sign-waiting /srv/signer monday.request --policy policy.yaml --key release.key --refuse',
    ],
  );
  return addFolderOptions(command)
    .argument('[request...]', 'file names of the requests to decide (default: all that wait)')
    .option('--yes', 'sign without asking')
    .option('--refuse', 'refuse the requests')
    .option(
      '--adopt-record',
      'continue although this key has signed things that the record lacks, for example after a restore from a backup',
    )
    .action(async (folder: string, names: readonly string[], options: WaitingOptions) => {
      const choose = (name: string, request: ConsideredRequest) =>
        chooseWaiting(terminal, options, name, request);
      const outcomes = await composeSignWaiting(
        settingsOf(terminal, folder, options),
        names,
        choose,
        options.adoptRecord === true,
      );
      printResult(
        terminal,
        options,
        { requests: outcomes.map(toJson) },
        outcomes.length === 0 ? ['Nothing waits.'] : outcomes.map(describeOutcome),
      );
    });
}

async function chooseWaiting(
  terminal: Terminal,
  options: { readonly yes?: boolean; readonly refuse?: boolean; readonly expires: string },
  name: string,
  { plan, decision, requester }: ConsideredRequest,
): Promise<'sign' | 'leave' | 'refuse'> {
  const reasons = decision.kind === 'allow' ? ['the policy allows it by now'] : decision.reasons;
  const lines = [
    `${name}:`,
    ...describePlan(plan, options.expires),
    requester.kind === 'unsealed'
      ? 'Nobody vouches for it.'
      : `Vouched for by ${requester.key} (${requester.kind}).`,
    'It waits because:',
    ...reasons.map((reason) => `  ${reason}`),
  ];
  terminal.stderr.write(lines.map((line) => `${line}\n`).join(''));
  const refuse = options.refuse === true;
  const question = refuse ? 'Refuse it?' : 'Sign it?';
  const agreed =
    options.yes === true || (await confirm(terminal, question, 'add --yes to decide without asking'));
  if (!agreed) return 'leave';
  return refuse ? 'refuse' : 'sign';
}

function createApprove(terminal: Terminal): Command {
  interface ApproveOptions extends CommonOptions, ClockOptions {
    readonly approverKey: string;
    readonly approverPassphraseFile?: string;
    readonly output?: string;
  }
  const command = createVerb(
    'approve',
    'Approve a signing request, where the policy of the signer demands approvals.',
    ['signpost signer approve /srv/signer/waiting/monday.request --approver-key alice.pem'],
  );
  return addClockOption(command)
    .argument('<request>', 'file that "signpost request" wrote')
    .requiredOption('--approver-key <file>', 'private key in PEM (Ed25519 or ECDSA) of the approver')
    .option(
      '--approver-passphrase-file <file>',
      "file whose first line is that key's passphrase (default: ask for it)",
    )
    .option('-o, --output <file>', 'approval file to write (default: beside the request)')
    .option('--yes', 'do not ask for confirmation')
    .action(async (request: string, options: ApproveOptions) => {
      const review = async (read: ReadRequest, doubts: readonly string[]) => {
        terminal.stderr.write(
          [...describeRequest(read), ...describeClockWarnings(doubts)].map((line) => `${line}\n`).join(''),
        );
        refuseClockDoubts(doubts, options);
        return (
          options.yes === true || confirm(terminal, 'Approve it?', 'add --yes to approve without asking')
        );
      };
      const approverKey = sealKeySource(
        terminal,
        options.approverKey,
        options.approverPassphraseFile,
        '--approver-passphrase-file',
      );
      const result = await composeApprove({ request, approverKey, output: options.output, review });
      printResult(terminal, options, { file: result.path, request: result.request, key: result.key }, [
        `The approval of ${result.request} by ${result.key} is in ${result.path}.`,
      ]);
    });
}

/** Everything that the approval covers; what was signed before only the signer knows. */
function describeRequest({ header, images, request }: ReadRequest): readonly string[] {
  return [
    `Request ${header.serial} of ${formatTime(header.created * 1000)} for ${header.registry}, ${request}:`,
    ...images.flatMap((image) => [
      `  ${header.registry}/${formatTaggedReference(image)}`,
      `           ${image.list}`,
      `           ${image.platforms.join(', ')}`,
    ]),
  ];
}

function settingsOf(terminal: Terminal, folder: string, options: FolderOptions): SignerSettings {
  if (!/^[1-9]\d{0,3}$/.test(options.maximumSize)) {
    throw new SignpostError('USAGE', `--maximum-size is "${options.maximumSize}": expected a number of MiB`);
  }
  return {
    folder,
    policy: options.policy,
    keys: keySources(terminal, options),
    metadataKeys: metadataKeyFiles(options),
    bundleKey: bundleKeySource(terminal, options),
    record: options.record,
    life: parseDuration(options.expires, '--expires'),
    sizeLimit: Number(options.maximumSize) * 1024 * 1024,
    signal: terminal.signal,
  };
}

function toJson(outcome: WaitingOutcome): object {
  if (outcome.kind !== 'signed') return outcome;
  const { path, signatures, expires } = outcome.result;
  return { name: outcome.name, kind: 'signed', file: path, signatures, expires: formatTime(expires) };
}

function describeOutcome(outcome: WaitingOutcome): string {
  switch (outcome.kind) {
    case 'signed':
      return `signed   ${outcome.name}: ${outcome.result.path}`;
    case 'refused':
      return `refused  ${outcome.name}: ${outcome.reasons.join('; ')}`;
    case 'left':
      return `waiting  ${outcome.name}`;
    case 'already-signed':
      return `done     ${outcome.name}: it was signed before`;
  }
}
