import { Command } from 'commander';
import { formatTaggedReference, parseTaggedReference } from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import { discardStaged } from '../../origin/publish/discard-staged.ts';
import { type CommonOptions, createVerb, printResult, type Terminal } from '../terminal/command.ts';
import { loadConfig } from '../config/config.ts';
import { auditedDiscard } from '../records/audited-images.ts';
import { localUser } from '../records/local-user.ts';
import { composeContent } from '../records/content.ts';
import { formatTable } from '../../text/format-table.ts';
import { formatTime } from '../../text/format-time.ts';

/** `signpost staged`: what waits for a signature. */
export function createCommand(terminal: Terminal): Command {
  return new Command('staged')
    .description('Show or discard the images that wait for a signature.')
    .addHelpText('after', '\nExample:\n  $ signpost staged list')
    .addCommand(createList(terminal))
    .addCommand(createDiscard(terminal));
}

function createList(terminal: Terminal): Command {
  return createVerb(
    'list',
    'Show the images that wait for a signature, and why an earlier signature was refused.',
    ['signpost staged list', 'signpost staged list --json'],
  ).action(async (options: CommonOptions) => {
    await using content = await composeContent(loadConfig(options), 'staged list');
    const images = await content.stagedImages.list();
    const lines = formatTable([
      ['IMAGE', 'LIST', 'STAGED', 'REFUSED BECAUSE'],
      ...images.map((image) => [
        formatTaggedReference(image),
        image.list,
        formatTime(image.staged),
        image.reason ?? '',
      ]),
    ]);
    printResult(terminal, options, { images }, images.length === 0 ? ['Nothing is staged.'] : lines);
  });
}

function createDiscard(terminal: Terminal): Command {
  return createVerb(
    'discard',
    'Remove an image from the staging area, with the files that no other staged image needs.',
    ['signpost staged discard fedora/base:41'],
  )
    .argument('<image>', '<repository>:<tag>')
    .action(async (text: string, options: CommonOptions) => {
      const target = parseTaggedReference(text);
      await using content = await composeContent(loadConfig(options), 'staged discard');
      await using _held = await content.lock.acquire(contentLock);
      const image = await discardStaged(content, target);
      await content.audit.add({ who: localUser(), at: content.clock.now() }, [auditedDiscard(image)]);
      printResult(terminal, options, { discarded: image }, [
        `discarded ${formatTaggedReference(target)}  ${image.list}`,
      ]);
    });
}
