import { dirname, resolve } from 'node:path';
import { createFileSeenTags } from '../../adapters/file-seen-tags.ts';
import { createSignatureReader } from '../../adapters/openpgp/signature-reader.ts';
import { readSmallFile } from '../../adapters/small-file.ts';
import { createRemoteImage } from '../../adapters/source/registry/remote-image.ts';
import type { SourceTls } from '../../adapters/source/source-options.ts';
import { createSystemClock } from '../../adapters/system-clock.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { RegistryImageName } from '../../oci/image-source-name.ts';
import type { Clock } from '../../ports/clock.ts';
import type { FormatReader, SignatureReader } from '../../ports/signing.ts';
import { chooseRequirements } from '../../trust/containers-policy/choose-requirements.ts';
import { containersPolicyLimit, parseContainersPolicy } from '../../trust/containers-policy/parse-policy.ts';
import type { PolicyRequirement, SigningKeys } from '../../trust/containers-policy/policy.ts';
import type { SignedRequirement } from '../../trust/verify/requirement.ts';
import type { AskedImage } from '../../trust/verify/signed-name.ts';
import type { Step } from '../../trust/verify/step.ts';
import type { ChainPolicy } from '../../verify/chain-policy.ts';
import { createContainersPolicy } from '../../verify/containers-chain-policy.ts';
import { createRequirementPolicy } from '../../verify/requirement-policy.ts';
import { type VerifyOptions, verifyChain } from '../../verify/verify-chain.ts';
import { loadVerifyPolicy } from '../load-verify-policy.ts';
import { openFormatReader, readKeyFile } from './format-readers.ts';

export interface VerifySettings extends VerifyOptions {
  readonly policy: string;
  /** File that remembers what was seen. */
  readonly state?: string;
  readonly credentialFiles: readonly string[];
  readonly tls: SourceTls;
  readonly signal: AbortSignal;
}

/** Verifies one image in a registry. */
export async function composeVerify(name: RegistryImageName, settings: VerifySettings): Promise<Step> {
  const clock = createSystemClock();
  const policy = await openPolicy(settings.policy, name, clock);
  const { credentialFiles, tls, signal, state } = settings;
  if (state !== undefined && !policy.tellsSerials) {
    throw new SignpostError(
      'USAGE',
      '--state needs a policy of Signpost: what a policy.json demands has no serials',
    );
  }
  const image = await createRemoteImage(name, { credentialFiles, tls }, signal);
  try {
    return await verifyChain(
      { image, policy, clock, signal, ...(state === undefined ? {} : { seen: createFileSeenTags(state) }) },
      name,
      settings,
    );
  } finally {
    await image.close();
  }
}

async function openPolicy(file: string, asked: AskedImage, clock: Clock): Promise<ChainPolicy> {
  const bytes = await readSmallFile(file, containersPolicyLimit);
  const text = Buffer.from(bytes).toString('utf8');
  // A policy.json always has a "default", which no policy of ours has; and it is JSON.
  if (/^\s*\{/.test(text) && /"default"\s*:/.test(text))
    return openContainersPolicy(bytes, file, asked, clock);
  const readers = new Map<SignedRequirement, FormatReader>();
  const { requirement, rule } = await loadVerifyPolicy(
    text,
    file,
    asked,
    async (format, files, threshold) => {
      const paths = files.map((path) => resolve(dirname(file), path));
      const reader = await openFormatReader(format, paths, clock);
      const leaf = { kind: 'signed', format, fingerprints: new Set(reader.fingerprints), threshold } as const;
      readers.set(leaf, reader);
      return leaf;
    },
  );
  return createRequirementPolicy(requirement, rule, readers);
}

async function openContainersPolicy(
  bytes: Uint8Array,
  file: string,
  asked: AskedImage,
  clock: Clock,
): Promise<ChainPolicy> {
  const { scope, requirements } = chooseRequirements(parseContainersPolicy(bytes, file), asked);
  const readers = new Map<PolicyRequirement, SignatureReader>();
  for (const requirement of requirements) {
    if (requirement.type !== 'signedBy') continue;
    readers.set(requirement, await createSignatureReader(await openKeys(requirement.keys, file), clock));
  }
  return createContainersPolicy(scope, requirements, readers);
}

function openKeys(keys: SigningKeys, file: string) {
  return 'keyData' in keys
    ? [{ name: `keyData of ${file}`, bytes: keys.keyData }]
    : Promise.all(keys.keyPaths.map((path) => readKeyFile(resolve(dirname(file), path))));
}
