import type { Command } from 'commander';
import { z } from 'zod';
import { type ImportPlan, type ImportedMirror, planImport } from '../../mirrors/plan-import.ts';
import { quote } from '../../oci/digest.ts';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import type { Author } from '../../ports/audit-log.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { mirrorInput } from '../../server/admin/mirror-input.ts';
import { newMirrorSchema } from '../../server/admin/schemas/mirror.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { openRecords } from '../records/records.ts';
import { type ServerOptions, addServerOptions } from '../records/server-options.ts';
import { parseSettings } from '../config/parse-settings.ts';

interface Options extends CommonOptions, ServerOptions {
  readonly shareNetblocks?: boolean;
  readonly dryRun?: boolean;
}

/** `signpost mirror import`: enters many mirrors at once. */
export function createImport(terminal: Terminal): Command {
  const command = createVerb(
    'import',
    'Add or change the mirrors of a YAML or JSON file, in the form that "signpost mirror list --json" and the management API ' +
      'print. A mirror that already exists gets the properties in the file. Mirrors that are not in the file stay as they are. ' +
      'The whole file is checked before anything is changed. Importing the same file twice changes nothing the second time.',
    [
      'signpost mirror list --json > mirrors.json',
      'signpost mirror import mirrors.yaml --dry-run',
      'signpost mirror import mirrors.json --server https://admin.example.org --token-file ~/.signpost-token',
    ],
  )
    .argument('<file>', 'YAML or JSON file with "mirrors"')
    .option('--share-netblocks', 'allow their CIDR blocks to overlap those of other mirrors')
    .option('--dry-run', 'only show what would be changed');
  return addServerOptions(command).action(async (file: string, options: Options) => {
    const imported = await readMirrorFile(file);
    await using records = await openRecords(options);
    const { registry, allowed, by } = records.mirrors();
    const shareNetblocks = options.shareNetblocks === true;
    const plan = planImport(await registry.list(), imported, allowed, { shareNetblocks });
    if (options.dryRun !== true) await carryOut(plan, registry, by);
    const added = plan.added.map(({ name }) => name);
    const changed = plan.changed.map(({ after }) => after.name);
    const { unchanged } = plan;
    const dryRun = options.dryRun === true;
    printResult(terminal, options, { dryRun, added, changed, unchanged }, [
      ...added.map((name) => `${dryRun ? 'would add' : 'added'} ${name}`),
      ...changed.map((name) => `${dryRun ? 'would change' : 'changed'} ${name}`),
      `${added.length} added, ${changed.length} changed, ${unchanged.length} as they were`,
    ]);
  });
}

/** A server far away judges more than the plan did: where names lead, and what it allows. What came before stays done. */
async function carryOut({ added, changed }: ImportPlan, registry: MirrorRegistry, by: Author): Promise<void> {
  const steps = [
    ...added.map((mirror) => ({ name: mirror.name, take: () => registry.add(mirror, by) })),
    ...changed.map(({ before, after }) => ({
      name: after.name,
      take: () => registry.update(before, after, by),
    })),
  ];
  for (const [done, { name, take }] of steps.entries()) {
    try {
      await take();
    } catch (cause) {
      if (!isSignpostError(cause)) throw cause;
      const message = `the mirror ${quote(name)}: ${cause.message} (${done} of ${steps.length} were done before it, and stay)`;
      throw new SignpostError(cause.code, message, { cause });
    }
  }
}

/** In bytes; a thousand mirrors take less than one of these. */
const fileLimit = 16 * 1024 * 1024;
const mirrorsLimit = 10_000;

/** A mirror as the API takes it, and as it and `mirror list --json` show it: with a number and a state, or around it. */
const fileSchema = z.strictObject({
  mirrors: z.array(z.preprocess(descriptionOf, newMirrorSchema)).max(mirrorsLimit),
  version: z.number().exactOptional(),
  newest: z.number().exactOptional(),
});

/**
 * The mirrors of a YAML or JSON file; their values are still to be judged.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
async function readMirrorFile(file: string): Promise<readonly ImportedMirror[]> {
  const text = Buffer.from(await readSmallFile(file, fileLimit)).toString('utf8');
  const { mirrors } = parseSettings(fileSchema, text, file, 'list of mirrors');
  return mirrors.map((mirror) => {
    const { name, urls, country, enabled, approved } = mirror;
    return { ...mirrorInput(mirror), name, urls, country, enabled, approved };
  });
}

function descriptionOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('mirror' in value) return descriptionOf(value.mirror);
  const { id: _, state: __, ...description } = value as Record<string, unknown>;
  return description;
}
