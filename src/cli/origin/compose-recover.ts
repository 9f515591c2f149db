import { readSignerRecordCopy } from '../../adapters/db/sqlite/signer-record-copy.ts';
import { formatTaggedReference, parseTaggedReference } from '../../oci/reference.ts';
import { inParallel } from '../../parallel/in-parallel.ts';
import type { Mirror } from '../../mirrors/mirror.ts';
import { contentLock } from '../../ports/lock.ts';
import type { UnknownImage } from '../../ports/listed-content.ts';
import type { MirrorProbe } from '../../ports/mirror-probe.ts';
import type { GivenSerials } from '../../ports/serials.ts';
import type { SignedTag } from '../../ports/signer-record.ts';
import { findUnknown, moveOn } from '../../origin/recover/move-on.ts';
import { type RecoveryPlan, planRecovery } from '../../origin/recover/plan-recovery.ts';
import type { Config } from '../config/config-schema.ts';
import { refuseFrontEnd } from '../config/refuse-front-end.ts';
import { type Content, composeContent } from '../records/content.ts';
import { composeProbe } from '../config/probing.ts';

export interface RecoverOptions {
  /** A copy of the signer's record. */
  readonly signerRecord: string | undefined;
  readonly operator: GivenSerials;
  /** Ask the mirrors how far they are. */
  readonly askMirrors: boolean;
  readonly signal: AbortSignal;
  /** Whether to go on, once it is known what from. */
  readonly agree: (found: Found) => Promise<boolean>;
}

/** What was found of the serials, and of what the database has forgotten. */
export interface Found extends RecoveryPlan {
  readonly database: GivenSerials;
  readonly tree: number;
  readonly mirrors: readonly AskedMirror[];
  readonly signer: number | undefined;
  /** What the tree lists. */
  readonly unknown: readonly UnknownImage[];
  /** What the signer has signed, and the database has under another list or not at all. */
  readonly signed: readonly SignedTag[];
}

interface AskedMirror {
  readonly name: string;
  /** Undefined when it did not say. */
  readonly serial: number | undefined;
}

export interface Recovered extends Found {
  readonly done: boolean;
  /** Published files that the tree lacks. */
  readonly missing: readonly string[];
}

const mirrorsAtOnce = 32;

/** Finds out what the database has forgotten, and goes on behind every serial that anybody knows. */
export async function composeRecover(config: Config, options: RecoverOptions): Promise<Recovered> {
  refuseFrontEnd(config);
  const record = options.signerRecord === undefined ? undefined : readSignerRecordCopy(options.signerRecord);
  await using content = await composeContent(config, 'recover');
  await using _held = await content.lock.acquire(contentLock);
  const [database, { serial: tree }] = [await content.serials.given(), await content.listed.read()];
  const mirrors = options.askMirrors ? await askMirrors(config, content, options.signal) : [];
  const plan = planRecovery({
    given: database,
    tree,
    mirrors: mirrors.flatMap(({ name, serial }) => (serial === undefined ? [] : [{ name, serial }])),
    signer: record?.serial,
    operator: options.operator,
  });
  const found = {
    ...plan,
    database,
    tree,
    mirrors,
    signer: record?.serial,
    unknown: await findUnknown(content),
    signed: await findForgotten(config.registry.name, content, record?.tags ?? []),
  };
  const { past } = plan;
  if (past === undefined || !(await options.agree(found))) return { ...found, done: false, missing: [] };
  return { ...found, done: true, missing: await moveOn(content, past) };
}

/** What they say now; of one that does not answer, what it said last. */
async function askMirrors(
  config: Config,
  { mirrorRegistry, mirrorStates }: Content,
  signal: AbortSignal,
): Promise<readonly AskedMirror[]> {
  const probe = composeProbe(config);
  const states = await mirrorStates.load();
  const asked: AskedMirror[] = [];
  await inParallel(await mirrorRegistry.list(), mirrorsAtOnce, async (mirror) => {
    const before = states.get(mirror.id)?.serial ?? 0;
    const said = await askMirror(probe, mirror, config.mirrors.probeTimeout, signal);
    asked.push({
      name: mirror.name,
      serial: said === undefined && before === 0 ? undefined : Math.max(said ?? 0, before),
    });
  });
  return asked.sort((one, other) => one.name.localeCompare(other.name, 'en'));
}

async function askMirror(
  probe: MirrorProbe,
  mirror: Mirror,
  timeout: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  for (const url of mirror.urls) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
    const found = await probe.findFamilies(mirror, url, limit);
    for (const family of found.ok ? found.families : []) {
      const outcome = await probe.readSerial({ mirror, url, family }, limit);
      if (outcome.ok) return outcome.serial;
    }
  }
  return undefined;
}

async function findForgotten(
  registry: string,
  { publications }: Content,
  tags: readonly SignedTag[],
): Promise<readonly SignedTag[]> {
  const own = tags.filter(({ reference }) => reference.startsWith(`${registry}/`));
  const forgotten: SignedTag[] = [];
  for (const tag of own) {
    const { repository, tag: name } = parseTaggedReference(tag.reference.slice(registry.length + 1));
    const published = await publications.findTag(repository, name);
    // A tag that was signed again since then is no loss.
    if (published?.list === tag.list || (published?.requestSerial ?? 0) > tag.serial) continue;
    forgotten.push({ ...tag, reference: formatTaggedReference({ repository, tag: name }) });
  }
  return forgotten;
}
