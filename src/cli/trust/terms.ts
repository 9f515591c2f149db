import { type PresentDeps, readPresent } from '../../origin/accept/present-envelopes.ts';
import { readPublishedNotary, readPublishedTuf } from '../../origin/accept/published-metadata.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { parseRegistryHost } from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import type { PublishedTag } from '../../ports/publications.ts';
import { readNotaryTerms, readTufTerms } from '../../origin/status/metadata-terms.ts';
import type { SignatureTerm, StatusDeps } from '../../origin/status/read-status.ts';
import { createTerm } from '../../origin/status/term.ts';
import type { Config } from '../config/config-schema.ts';
import { createRuleFinder } from './repository-rules.ts';

export interface TermSources extends PresentDeps {
  readonly metadataTree: Pick<MetadataTree, 'read' | 'placedAt'>;
  readonly clock: Clock;
}

/** Reads how long what is published lives: signatures with the configured keys, and metadata. */
export function composeTerms(
  config: Config,
  sources: TermSources,
): Pick<StatusDeps, 'signaturesOf' | 'metadataOf'> {
  const findRule = createRuleFinder(config.repositories);
  const { metadataTree } = sources;
  const registry = parseRegistryHost(config.registry.name);
  const metadata = {
    metadataTree,
    registry,
    readTuf: () => readPublishedTuf(metadataTree),
    readNotary: (repository: RepositoryName) => readPublishedNotary(metadataTree, { registry, repository }),
  };
  return {
    async signaturesOf({ repository, list, requestSerial, expires }: PublishedTag) {
      const terms: SignatureTerm[] = [];
      const now = sources.clock.now();
      for (const { reader } of (await findRule(repository))?.formats ?? []) {
        const { format } = reader;
        const { envelopes } = await readPresent(sources, format, repository, list);
        const own = envelopes
          .map((envelope) => reader.read(envelope, now))
          .filter((one) => one.kind === 'signed')
          .filter(({ serial }) => serial === requestSerial);
        const until = Math.min(expires, ...own.map((one) => one.expires ?? expires));
        const created = own.length === 0 ? undefined : Math.min(...own.map((one) => one.created));
        terms.push({ format, ...createTerm(until, created) });
      }
      return terms;
    },
    async *metadataOf(repositories) {
      yield* await readTufTerms(metadata);
      for (const repository of repositories) yield* await readNotaryTerms(metadata, repository);
    },
  };
}
