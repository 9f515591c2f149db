import type { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import { formatTaggedReference, parseRepositoryName } from '../../oci/reference.ts';
import type { RenewedTag } from '../../renew/stage-renewals.ts';
import { type CommonOptions, type Terminal, configOf, createVerb, printResult } from '../command.ts';
import { composeRenew } from '../compose/renew.ts';
import { parseDuration } from '../duration.ts';

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
    'Stage published tags again, as they are, for new signatures: before the old ones expire, or to change keys.',
    [
      'signpost renew --expiring-within 30d',
      'signpost renew --signed-by 0123456789ABCDEF0123456789ABCDEF01234567',
      'signpost renew --all --repository fedora/base',
    ],
  )
    .option('--expiring-within <time>', 'tags whose signatures expire in this time')
    .option('--signed-by <fingerprint>', 'tags that this key has signed')
    .option('--all', 'every tag')
    .option('--repository <name...>', 'only in these repositories')
    .action(async (options: RenewOptions) => {
      const { expiringWithin, signedBy, all } = options;
      if (expiringWithin === undefined && signedBy === undefined && all !== true) {
        throw new SignpostError('USAGE', 'say which tags: --expiring-within, --signed-by or --all');
      }
      const repositories = options.repository?.map(parseRepositoryName);
      const tags = await composeRenew(configOf(options), {
        wanted: (repository) => repositories?.includes(repository) ?? true,
        within: expiringWithin === undefined ? undefined : parseDuration(expiringWithin, '--expiring-within'),
        signedBy: signedBy === undefined ? undefined : parseFingerprint(signedBy),
      });
      printResult(terminal, options, { tags: tags.map(toJson) }, [
        ...tags.map(describe),
        tags.length === 0
          ? 'No signatures are to be renewed.'
          : `${tags.length} tags wait for new signatures: signpost request`,
      ]);
    });
}

function parseFingerprint(text: string): string {
  const fingerprint = text.replaceAll(' ', '').toUpperCase();
  if (/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(fingerprint)) return fingerprint;
  throw new SignpostError(
    'USAGE',
    '--signed-by is not a fingerprint: expected the 40 digits of an OpenPGP key, or the SHA-256 of another one',
  );
}

function describe(tag: RenewedTag): string {
  const until = new Date(tag.expires).toISOString();
  const replaced = tag.replacedBy === undefined ? '' : `; ${tag.replacedBy} is staged in its place already`;
  return `${formatTaggedReference(tag)}  ${tag.list}, signed until ${until}${replaced}`;
}

function toJson(tag: RenewedTag): object {
  return { ...tag, expires: new Date(tag.expires).toISOString() };
}
