import { type RepositoryName, isArtifactTag } from '../../oci/reference.ts';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { PublishedTag } from '../../ports/publications.ts';
import { type Measurement, measureEach, measureOne } from '../../ports/measurement.ts';
import type { SignatureTerm, StatusDeps } from './read-status.ts';
import { type RoleTerm, RoleTerms } from './role-term.ts';
import { type TermState, createTerm, stateOf } from './term.ts';

/** Knows how long what is published still lives, for metrics. It reads in the background, a little at a time. */
export interface Freshness {
  measurements(): readonly Measurement[];
  start(): void;
  /** What is being read now is waited for. */
  stop(): Promise<void>;
}

export interface FreshnessDeps extends Omit<StatusDeps, 'publications'> {
  readonly clock: Clock & MonotonicClock;
  readonly log: Log;
  /** Lets others have their turn, for so many milliseconds. */
  readonly rest: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds between readings. */
  readonly interval: number;
}

/** As many roles are shown one by one: those that are due first. */
const shownRoles = 1000;
/** The signatures of so many tags are remembered. Of further ones only the time is known that the database has. */
const rememberedTags = 50_000;
/** Reading signatures takes at most this share of the processor. */
const readingShare = 1 / 10;

export function createFreshness(deps: FreshnessDeps): Freshness {
  const { clock, log } = deps;
  const stopping = new AbortController();
  const signaturesOf = rememberSignatures(deps, stopping.signal);
  let terms: readonly RoleTerm[] = [];
  let shown: readonly RoleTerm[] = [];
  let readAt: number | undefined;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const read = async () => {
    const roles = new RoleTerms();
    const repositories = new Set<RepositoryName>();
    // Read whole first: an iterator that waits for signatures would keep the database from tidying its log.
    const published: PublishedTag[] = [];
    for await (const batch of deps.publishedContent.tags()) published.push(...batch);
    for (const tag of published) {
      if (isArtifactTag(tag.tag)) continue;
      const { repository } = tag;
      repositories.add(repository);
      for (const term of await signaturesOf(tag)) roles.add({ ...term, repository, role: term.format });
      if (stopping.signal.aborted) return;
    }
    for await (const term of deps.metadataOf(repositories)) {
      roles.add(term);
      if (stopping.signal.aborted) return;
    }
    terms = roles.all;
    shown = terms.toSorted((a, b) => a.due - b.due).slice(0, shownRoles);
    readAt = clock.now();
  };
  const refresh = () => {
    running ??= read()
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error('cannot read how long signatures live', { error });
      })
      .finally(() => {
        running = undefined;
      });
  };
  return {
    start() {
      refresh();
      timer = setInterval(refresh, deps.interval);
      timer.unref();
    },
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await running;
    },
    measurements: () => [
      {
        name: 'signpost_expiry_seconds',
        help: 'Remaining validity of the signature or file of the role that expires first; the roles due first.',
        type: 'gauge',
        labels: ['repository', 'role'],
        read: () =>
          shown
            .filter(({ expires }) => expires < Number.MAX_SAFE_INTEGER)
            .map((term) => ({ labels: labelsOf(term), value: (term.expires - clock.now()) / 1000 })),
      },
      {
        name: 'signpost_expiry_alarm',
        help: 'Whether the role has less than a third of its validity left, has expired or cannot be read (1) or not (0).',
        type: 'gauge',
        labels: ['repository', 'role'],
        read: () =>
          shown.map((term) => ({
            labels: labelsOf(term),
            value: stateOf(term, clock.now()) === 'good' ? 0 : 1,
          })),
      },
      measureEach(
        'signpost_expiry_roles',
        'All roles of all repositories by how they stand.',
        'gauge',
        'state',
        () => {
          if (readAt === undefined) return [];
          const counts: Record<TermState, number> = { good: 0, due: 0, unreadable: 0, expired: 0 };
          const now = clock.now();
          for (const term of terms) counts[stateOf(term, now)] += 1;
          return Object.entries(counts);
        },
      ),
      measureOne(
        'signpost_expiry_read_timestamp_seconds',
        'When the validity of everything was last read.',
        'gauge',
        () => (readAt === undefined ? undefined : readAt / 1000),
      ),
    ],
  };
}

function labelsOf({ repository, role }: RoleTerm): readonly string[] {
  return [repository ?? '', role];
}

/** Reads the signatures of each tag once for each time that it is signed, and never hurries. */
function rememberSignatures(
  { signaturesOf, clock, rest }: FreshnessDeps,
  signal: AbortSignal,
): (tag: PublishedTag) => Promise<readonly SignatureTerm[]> {
  const known = new Map<string, { readonly serial: number; readonly terms: readonly SignatureTerm[] }>();
  return async (tag) => {
    const key = `${tag.repository}:${tag.tag}`;
    const before = known.get(key);
    if (before?.serial === tag.requestSerial) return before.terms;
    if (before === undefined && known.size >= rememberedTags) {
      return [{ format: 'simple', ...createTerm(tag.expires, tag.expires) }];
    }
    const began = clock.monotonic();
    const terms = await signaturesOf(tag);
    known.set(key, { serial: tag.requestSerial, terms });
    await rest(Math.max(1, (clock.monotonic() - began) * (1 / readingShare - 1)), signal);
    return terms;
  };
}
