import { join } from 'node:path';
import { type AcceptResult, acceptBundle } from '../../accept/accept-bundle.ts';
import { repairMarker } from '../../accept/place-publication.ts';
import { type RepositoryRule, ruleMatches } from '../../accept/repository-rule.ts';
import { createFileStaging } from '../../adapters/file-staging.ts';
import { createFileTreeReader } from '../../adapters/file-tree-reader.ts';
import { createFileTreeWriter } from '../../adapters/file-tree-writer.ts';
import { readSmallFile } from '../../adapters/small-file.ts';
import { keyFileLimit } from '../../adapters/openpgp/public-keys.ts';
import { createSignatureReader } from '../../adapters/openpgp/signature-reader.ts';
import { createProcessLock } from '../../adapters/process-lock.ts';
import { readLines } from '../../adapters/read-lines.ts';
import { openDatabase } from '../../adapters/sqlite/database.ts';
import { createSqlitePublications } from '../../adapters/sqlite/publications.ts';
import { createSqliteReceivedSignatures } from '../../adapters/sqlite/received-signatures.ts';
import { createSqliteStagedImages } from '../../adapters/sqlite/staged-images.ts';
import { createSystemClock } from '../../adapters/system-clock.ts';
import { type RepositoryName, parseRegistryHost } from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import { contentLock } from '../../ports/lock.ts';
import { bundleLimits } from '../../trust/signature-bundle.ts';
import type { Config } from '../config-schema.ts';

/** Accepts the signature bundle in the file `bundle`. */
export async function composeAccept(config: Config, bundle: string): Promise<AcceptResult> {
  const registry = parseRegistryHost(config.registry.name);
  const tree = join(config.data, 'tree');
  const staging = join(config.data, 'staging');
  const clock = createSystemClock();
  const lock = createProcessLock(join(config.data, 'locks'), 'accept', clock);
  using _held = lock.acquire(contentLock);
  const database = openDatabase(join(config.data, 'signpost.db'));
  try {
    const publications = createSqlitePublications(database, clock);
    const treeWriter = createFileTreeWriter({ tree, staging });
    await repairMarker({ tree: treeWriter, publications });
    return await acceptBundle(
      {
        registry,
        findRule: createRuleFinder(config.repositories, clock),
        staging: createFileStaging(staging),
        stagedImages: createSqliteStagedImages(database),
        publications,
        received: createSqliteReceivedSignatures(database),
        tree: treeWriter,
        treeReader: createFileTreeReader(tree),
        clock,
      },
      readLines(bundle, bundleLimits.line),
    );
  } finally {
    database.close();
  }
}

/** Reads the keys of a rule when a repository first needs them. */
function createRuleFinder(
  rules: Config['repositories'],
  clock: Clock,
): (repository: RepositoryName) => Promise<RepositoryRule | undefined> {
  const loaded = new Map<Config['repositories'][number], Promise<RepositoryRule>>();
  return (repository) => {
    const rule = rules.find(({ match }) => ruleMatches(match, repository));
    if (rule === undefined) return Promise.resolve(undefined);
    const known = loaded.get(rule) ?? loadRule(rule, clock);
    loaded.set(rule, known);
    return known;
  };
}

async function loadRule(rule: Config['repositories'][number], clock: Clock): Promise<RepositoryRule> {
  const files = await Promise.all(
    rule.keys.map(async (name) => ({ name, bytes: await readSmallFile(name, keyFileLimit) })),
  );
  const reader = await createSignatureReader(files, clock);
  const { threshold, maximumLife, warnBefore } = rule;
  return {
    reader,
    policy: { fingerprints: new Set(reader.fingerprints), threshold, maximumLife },
    warnBefore,
  };
}
