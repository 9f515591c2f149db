import type { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import { formatTaggedReference, parseRepositoryName } from '../../oci/reference.ts';
import type { PlannedRole } from '../../origin/renew/plan-renewal.ts';
import type { RenewedTag } from '../../origin/renew/stage-renewals.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadCheckedConfig } from '../checks/checked-config.ts';
import { type Renewal, type RenewalChoice, composeRenew } from './compose-renew.ts';
import { parseDuration } from '../terminal/duration.ts';
import { plural } from '../terminal/plural.ts';
import { formatTime } from '../../text/format-time.ts';

interface RenewOptions extends CommonOptions {
  readonly expiringWithin?: string;
  readonly signedBy?: string;
  readonly all?: boolean;
  readonly repository?: readonly string[];
}

/** `signpost renew`: stages published tags again, so that the next request asks for new signatures. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'renew',
    'Stage published tags again, unchanged, for new signatures. Without options this stages the tags that have less than a ' +
      'third of their validity left in any format. When TUF or Notary v1 metadata is due, one tag is staged, because the ' +
      'next signing renews the metadata too. A TUF timestamp whose key is on this machine is renewed at once.',
    [
      'signpost renew',
      'signpost renew --expiring-within 30d',
      'signpost renew --signed-by 0123456789ABCDEF0123456789ABCDEF01234567',
      'signpost renew --all --repository fedora/base',
    ],
  )
    .option('--expiring-within <time>', 'tags and metadata that expire within this time')
    .option('--signed-by <fingerprint>', 'tags that this key has signed, for example to replace the key')
    .option('--all', 'every tag')
    .option('--repository <name...>', 'only tags in these repositories')
    .action(async (options: RenewOptions) => {
      const choice = parseChoice(options);
      const repositories = options.repository?.map(parseRepositoryName);
      const renewal = await composeRenew(
        await loadCheckedConfig(options, 'publishing'),
        choice,
        (repository) => repositories?.includes(repository) ?? true,
      );
      printResult(terminal, options, toJson(renewal), describe(renewal));
    });
}

function parseChoice({ expiringWithin, signedBy, all }: RenewOptions): RenewalChoice {
  const choices = [expiringWithin, signedBy, all].filter((choice) => choice !== undefined);
  if (choices.length > 1) {
    throw new SignpostError('USAGE', 'give at most one of --expiring-within, --signed-by and --all');
  }
  if (all === true) return { kind: 'all' };
  if (signedBy !== undefined) return { kind: 'signed-by', fingerprint: parseFingerprint(signedBy) };
  if (expiringWithin === undefined) return { kind: 'due', within: undefined };
  return { kind: 'due', within: parseDuration(expiringWithin, '--expiring-within') };
}

function parseFingerprint(text: string): string {
  const fingerprint = text.replaceAll(' ', '').toUpperCase();
  if (/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(fingerprint)) return fingerprint;
  throw new SignpostError(
    'USAGE',
    '--signed-by is not a fingerprint: expected the 40 digits of an OpenPGP key, or the SHA-256 of another one',
  );
}

function describe({ tags, roles, timestampExpires, clock }: Renewal): readonly string[] {
  const notes = clock === undefined ? [] : [`WARNING: ${clock}.`];
  if (tags.length === 0 && roles.length === 0) return [...notes, 'Nothing is to be renewed.'];
  return [
    ...notes,
    ...tags.map(describeTag),
    ...roles.map((role) => describeRole(role, timestampExpires)),
    tags.length === 0
      ? 'No tag needs new signatures.'
      : `${plural(tags.length, 'tag waits', 'tags wait')} for new signatures: signpost request`,
  ];
}

function describeTag(tag: RenewedTag): string {
  const replaced = tag.replacedBy === undefined ? '' : `; ${tag.replacedBy} is staged in its place already`;
  return `${formatTaggedReference(tag)}  ${tag.list}, signed until ${formatTime(tag.expires)}${replaced}`;
}

function describeRole(planned: PlannedRole, timestampExpires: number | undefined): string {
  const { role, repository, expires, by, tag } = planned;
  const what = repository === undefined ? role : `${repository}: ${role}`;
  const until = expires === Number.MAX_SAFE_INTEGER ? 'cannot be read' : `expires on ${formatTime(expires)}`;
  switch (by) {
    case 'tag':
      return `${what} ${until}; renewed when this tag is signed: ${tag === undefined ? 'the next one' : formatTaggedReference(tag)}`;
    case 'here':
      return `${what} was to expire on ${formatTime(expires)}; renewed here until ${formatTime(timestampExpires ?? expires)}`;
    case 'ceremony':
      return `${what} ${until}: only a ceremony with the root keys renews it (docs/tuf.md)`;
    case 'nothing':
      return `${what} ${until}: no tag is published whose signing would renew it`;
  }
}

function toJson({ tags, roles, timestampExpires, clock }: Renewal): object {
  return {
    clock,
    tags: tags.map((tag) => ({ ...tag, expires: formatTime(tag.expires) })),
    roles: roles.map(({ role, repository, expires, by, tag }) => ({
      role,
      repository,
      ...(expires === Number.MAX_SAFE_INTEGER ? {} : { expires: formatTime(expires) }),
      by,
      tag: tag && formatTaggedReference(tag),
    })),
    ...(timestampExpires === undefined ? {} : { timestampExpires: formatTime(timestampExpires) }),
  };
}
