import { dirname, resolve } from 'node:path';
import { createFileSeenMetadata } from '../../adapters/files/file-seen-metadata.ts';
import { createFileSeenTags } from '../../adapters/files/file-seen-tags.ts';
import { createSignatureReader } from '../../adapters/openpgp/signature-reader.ts';
import { createProcessLock } from '../../adapters/process/process-lock.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { createRemoteImage } from '../../adapters/source/registry/remote-image.ts';
import { createRemoteMetadata } from '../../adapters/source/registry/remote-metadata.ts';
import type { SourceTls } from '../../adapters/source/source-options.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { RegistryImageName } from '../../oci/image-source-name.ts';
import type { RemoteMetadata } from '../../ports/remote-metadata.ts';
import type { SeenMetadata } from '../../ports/seen-metadata.ts';
import type { FormatReader, SignatureReader } from '../../trust/signing.ts';
import { chooseRequirements } from '../../trust/containers-policy/choose-requirements.ts';
import { containersPolicyLimit, parseContainersPolicy } from '../../trust/containers-policy/parse-policy.ts';
import type { PolicyRequirement, SigningKeys } from '../../trust/containers-policy/policy.ts';
import type { MetadataFormat } from '../../trust/metadata-file.ts';
import type { NamedRequirement, SignedRequirement } from '../../trust/verify/requirement.ts';
import type { AskedImage } from '../../trust/verify/signed-name.ts';
import type { ChainPolicy } from '../../client/chain-policy.ts';
import { createContainersPolicy } from '../../client/containers-chain-policy.ts';
import type { MetadataReader } from '../../client/metadata-reader.ts';
import { createNotaryReader } from '../../client/notary-reader.ts';
import { createRequirementPolicy } from '../../client/requirement-policy.ts';
import { createTufReader } from '../../client/tuf-reader.ts';
import { type Verification, type VerifyOptions, verifyChain } from '../../client/verify-chain.ts';
import { loadVerifyPolicy } from './load-verify-policy.ts';
import type { ProxyOption } from '../terminal/proxy-option.ts';
import { openFormatReader, readKeyFile } from '../trust/format-readers.ts';
import { forPolicy } from '../trust/policy-file.ts';
import { readNotaryCertificates } from '../trust/notary-certificates.ts';
import { composeProxies } from '../config/proxies.ts';
import { readTufRoot } from '../trust/tuf-root.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

export interface VerifySettings extends VerifyOptions, ProxyOption {
  readonly policy: string;
  /** File that remembers what was seen. */
  readonly state?: string | undefined;
  readonly credentialFiles: readonly string[];
  readonly tls: SourceTls;
  readonly signal: AbortSignal;
}

/** Verifies one image in a registry. */
export async function composeVerify(
  name: RegistryImageName,
  settings: VerifySettings,
): Promise<Verification> {
  const clock = createSystemClock();
  const { credentialFiles, tls, signal, state } = settings;
  const registry = { credentialFiles, tls, chooseProxy: composeProxies(settings) };
  // Held from reading the state to writing it: of two at once, the slower would take the memory back to what it read.
  await using _state =
    state === undefined
      ? undefined
      : await createProcessLock(`${state}.metadata`, 'verify', clock).acquire('state');
  await using remote = createRemoteMetadata(name, registry, signal);
  const seenMetadata = state === undefined ? undefined : createFileSeenMetadata(`${state}.metadata`);
  const context = { remote, seen: seenMetadata };
  const policy = await openPolicy(settings.policy, name, context);
  if (state !== undefined && !policy.tellsSerials) {
    throw new SignpostError(
      'USAGE',
      '--state needs a policy of Signpost: what a policy.json demands has no serials',
    );
  }
  const image = await createRemoteImage(name, registry, signal);
  try {
    return await verifyChain(
      { image, policy, clock, signal, seen: state === undefined ? undefined : createFileSeenTags(state) },
      name,
      settings,
    );
  } finally {
    await image.close();
  }
}

interface PolicyContext {
  readonly remote: RemoteMetadata;
  readonly seen?: SeenMetadata | undefined;
}

async function openPolicy(file: string, asked: AskedImage, context: PolicyContext): Promise<ChainPolicy> {
  const bytes = await forPolicy(file, () => readSmallFile(file, containersPolicyLimit));
  const text = Buffer.from(bytes).toString('utf8');
  // A policy.json always has a "default", which no policy of ours has; and it is JSON.
  if (/^\s*\{/.test(text) && /"default"\s*:/.test(text)) return openContainersPolicy(bytes, file, asked);
  const signatures = new Map<SignedRequirement, FormatReader>();
  const metadata = new Map<NamedRequirement, MetadataReader>();
  const pathsOf = (files: readonly string[]) => files.map((path) => resolve(dirname(file), path));
  const { requirement, rule } = await loadVerifyPolicy(text, file, asked, {
    async signed(format, files, threshold) {
      const reader = await forPolicy(file, () => openFormatReader(format, pathsOf(files)));
      const leaf = { kind: 'signed', format, fingerprints: new Set(reader.fingerprints), threshold } as const;
      signatures.set(leaf, reader);
      return leaf;
    },
    async named(format, files) {
      const leaf = { kind: 'named', format } as const;
      const reader = await forPolicy(file, () => openMetadataReader(format, pathsOf(files), context));
      metadata.set(leaf, reader);
      return leaf;
    },
  });
  return createRequirementPolicy(requirement, rule, { signatures, metadata });
}

async function openMetadataReader(
  format: MetadataFormat,
  files: readonly string[],
  { remote, seen }: PolicyContext,
): Promise<MetadataReader> {
  if (format === 'notary') {
    return createNotaryReader({ remote, certificates: await readNotaryCertificates(files), seen });
  }
  return createTufReader({ remote, root: await readTufRoot(files[0] ?? ''), seen });
}

async function openContainersPolicy(
  bytes: Uint8Array,
  file: string,
  asked: AskedImage,
): Promise<ChainPolicy> {
  const { scope, requirements } = chooseRequirements(parseContainersPolicy(bytes, file), asked);
  const readers = new Map<PolicyRequirement, SignatureReader>();
  for (const requirement of requirements) {
    if (requirement.type !== 'signedBy') continue;
    const keys = await forPolicy(file, async () => openKeys(requirement.keys, file));
    readers.set(requirement, await createSignatureReader(keys, { compressed: true }));
  }
  return createContainersPolicy(scope, requirements, readers);
}

function openKeys(keys: SigningKeys, file: string) {
  return 'keyData' in keys
    ? [{ name: `keyData of ${file}`, bytes: keys.keyData }]
    : waitForAll(keys.keyPaths.map((path) => readKeyFile(resolve(dirname(file), path))));
}
