import { SignpostError } from '../../oci/errors.ts';
import { parseGlob } from '../../trust/glob.ts';
import { parseSealKey } from '../../trust/hand-off/seal.ts';
import type { NamedKey, SignerPolicy, SignerRule } from '../../trust/hand-off/signer-policy.ts';
import { parseSettings } from '../config/parse-settings.ts';
import { type SignerPolicyFile, signerPolicySchema } from './signer-policy-schema.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/**
 * Makes a policy of what its file says. `readKey` gives the text of a key's file, whose path is relative to the policy.
 * @throws SignpostError CONFIG_INVALID, and what `readKey` throws
 */
export async function loadSignerPolicy(
  yaml: string,
  file: string,
  readKey: (path: string) => Promise<string>,
): Promise<SignerPolicy> {
  const settings = parseSettings(signerPolicySchema, yaml, file, "signer's policy");
  const requesters = await readKeys(settings.requesters, readKey);
  const approvers = await readKeys(settings.approvers, readKey);
  for (const rule of settings.rules) {
    checkNames(rule.requesters, requesters, `${file}: rule "${rule.name}": requester`);
    checkNames(rule.approvals?.of ?? [], approvers, `${file}: rule "${rule.name}": approver`);
    checkApprovers(rule, { requesters, approvers }, file);
  }
  refuseTwice(
    settings.rules.map(({ name }) => name),
    (name) => `${file}: two rules are named "${name}"`,
  );
  // Two names for one key would let one person be two.
  for (const people of [requesters, approvers]) {
    refuseTwice(
      people.map(({ id }) => id),
      (id) => `${file}: two names stand for the key ${id}`,
    );
  }
  return {
    requesters,
    approvers,
    maximumAge: settings.maximumAge,
    rules: settings.rules.map(readRule),
    refuse: settings.refuse.map(readTarget),
  };
}

function readRule(rule: SignerPolicyFile['rules'][number]): SignerRule {
  const { allowed, required } = rule.platforms;
  return {
    ...readTarget(rule),
    name: rule.name,
    requesters: new Set(rule.requesters),
    requiredPlatforms: required,
    allowedPlatforms: allowed === undefined ? undefined : new Set([...allowed, ...required]),
    changes: new Set(rule.changes),
    times: rule.times.map(({ days, from, to }) => ({ days: new Set(days), from, to })),
    approvals: { need: rule.approvals?.need ?? 0, of: new Set(rule.approvals?.of) },
    maximumValidity: rule.maximumValidity,
    formats: new Set(rule.formats),
  };
}

function readTarget({ repositories, tags }: SignerPolicyFile['refuse'][number]) {
  return { repositories: repositories.map(parseGlob), tags: tags.map(parseGlob) };
}

function readKeys(
  files: Readonly<Record<string, string>>,
  readKey: (path: string) => Promise<string>,
): Promise<NamedKey[]> {
  return waitForAll(
    Object.entries(files).map(async ([name, path]) => ({ name, ...parseSealKey(await readKey(path), path) })),
  );
}

function checkNames(names: readonly string[], known: readonly NamedKey[], where: string): void {
  const unknown = names.find((name) => known.every((key) => key.name !== name));
  if (unknown === undefined) return;
  throw new SignpostError('CONFIG_INVALID', `${where} "${unknown}" has no key in this policy`);
}

/** Nobody approves what they ask for: each requester needs enough others. */
function checkApprovers(
  { name, requesters, approvals }: SignerPolicyFile['rules'][number],
  people: Readonly<Record<'requesters' | 'approvers', readonly NamedKey[]>>,
  file: string,
): void {
  if (approvals === undefined) return;
  const { need, of } = approvals;
  for (const requester of people.requesters.filter((key) => requesters.includes(key.name))) {
    const others = people.approvers.filter((key) => of.includes(key.name) && key.id !== requester.id);
    if (others.length >= need) continue;
    throw new SignpostError(
      'CONFIG_INVALID',
      `${file}: rule "${name}": ${need} approvals are needed, and what ${requester.name} asks for only ${others.length} others can approve`,
    );
  }
}

function refuseTwice(values: readonly string[], message: (value: string) => string): void {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) throw new SignpostError('CONFIG_INVALID', message(value));
    seen.add(value);
  }
}
