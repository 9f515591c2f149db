import { createFileSigner } from '../../src/adapters/keys/openpgp-file-signer.ts';
import { createSignatureReader } from '../../src/adapters/openpgp/signature-reader.ts';
import { createSimpleReader } from '../../src/trust/signature-readers.ts';
import type { AcceptDeps } from '../../src/origin/accept/accept-bundle.ts';
import type { FormatRule, RepositoryRule } from '../../src/origin/accept/repository-rule.ts';
import {
  type RegistryHost,
  type RepositoryName,
  parseRegistryHost,
  parseTaggedReference,
} from '../../src/oci/reference.ts';
import type { SignerRecord } from '../../src/ports/signer-record.ts';
import type { FormatReader, SignatureReader, Signer } from '../../src/trust/signing.ts';
import { createSimpleSigner } from '../../src/signer/simple-signer.ts';
import { type SignDeps, type SignOptions, signRequest } from '../../src/signer/sign-request.ts';
import { writeRequest } from '../../src/origin/request/write-request.ts';
import type { BuiltList } from './image-builder.ts';
import { createMemoryNewFile, linesOf } from './memory-new-file.ts';
import { createMemoryPublications } from './memory-publications.ts';
import { createMemoryReceivedSignatures } from './memory-received-signatures.ts';
import { createMemorySignerRecord } from './memory-signer-record.ts';
import { createMemoryStaging } from './memory-staging.ts';
import { createMemoryTreeContents } from './memory-tree-contents.ts';
import { createMemoryTree } from './memory-tree.ts';
import { vectorClock, vectorFile } from './vectors.ts';

const day = 86_400_000;

/** Two keys that really sign; the vectors' secret keys. */
export async function createTestSigners(): Promise<{ readonly rsa: Signer; readonly ed25519: Signer }> {
  const passphrase = () => Promise.resolve('correct horse');
  return {
    rsa: await createFileSigner(vectorFile('rsa3072.secret.asc'), passphrase, vectorClock),
    ed25519: await createFileSigner(vectorFile('ed25519.secret.pgp'), passphrase, vectorClock),
  };
}

export interface SigningWorld extends ReturnType<typeof createMemoryPublications> {
  readonly registry: RegistryHost;
  readonly deps: AcceptDeps;
  readonly tree: ReturnType<typeof createMemoryTree>;
  readonly contents: ReturnType<typeof createMemoryTreeContents>;
  readonly staging: ReturnType<typeof createMemoryStaging>;
  readonly clock: { time: number; now(): number };
  readonly rules: Map<string, RepositoryRule>;
  /** The files of metadata in the tree, by their paths. */
  readonly metadata: Map<string, Uint8Array>;
  /** Stages an image as publish does. */
  stage(reference: string, list: BuiltList): Promise<void>;
  /** The text of a signing request for everything that is staged. */
  request(): Promise<string>;
}

/** An origin in memory. Every repository takes the keys of both.asc; `rules` may say otherwise. */
export async function createSigningWorld(): Promise<SigningWorld> {
  const registry = parseRegistryHost('images.example.org');
  const memory = createMemoryPublications();
  const staging = createMemoryStaging();
  const tree = createMemoryTree(staging.blobs);
  const contents = createMemoryTreeContents();
  const clock = {
    time: vectorClock.now(),
    now() {
      return this.time;
    },
  };
  const reader = await createSignatureReader([vectorFile('both.asc')]);
  const rules = new Map<string, RepositoryRule>();
  const usual = createRule(reader, {});
  const metadata = new Map<string, Uint8Array>();
  const metadataTree = {
    read: (path: string) => Promise.resolve(metadata.get(path)),
    place(path: string, bytes: Uint8Array) {
      metadata.set(path, bytes);
      return Promise.resolve();
    },
  };
  return {
    ...memory,
    tree,
    contents,
    staging,
    clock,
    rules,
    metadata,
    registry,
    deps: {
      policy: {
        registry,
        signers: [],
        findRule: (repository: RepositoryName) => Promise.resolve(rules.get(repository) ?? usual),
        metadata: { notaryCertificates: new Set() },
      },
      records: { ...memory, received: createMemoryReceivedSignatures() },
      files: { staging, tree, treeReader: tree, contents, metadataTree },
    },
    async stage(reference, list) {
      for (const [digest, built] of list.manifests) await staging.writeManifest(digest, built.manifest);
      for (const [digest, bytes] of list.blobs) staging.blobs.set(digest, bytes);
      await memory.stagedImages.put({
        ...parseTaggedReference(reference),
        list: list.digest,
        staged: clock.time,
      });
    },
    async request() {
      const file = createMemoryNewFile();
      const deps = { ...memory, registry, staging, clock, nonce: () => '0'.repeat(32) };
      await writeRequest({ ...deps, createFile: () => Promise.resolve(file) }, () => true);
      return file.text ?? '';
    },
  };
}

/** A rule that demands simple signatures by the keys that `reader` knows. */
export function createRule(reader: SignatureReader, changes: Partial<FormatRule['policy']>): RepositoryRule {
  return createFormatsRule([createSimpleReader(reader)], changes);
}

/** A rule that demands a signature in each format by one of the keys that its reader knows. */
export function createFormatsRule(
  readers: readonly FormatReader[],
  changes: Partial<FormatRule['policy']>,
): RepositoryRule {
  const policyFor = ({ fingerprints }: FormatReader) => {
    return { fingerprints: new Set(fingerprints), threshold: 1, maximumValidity: 400 * day, ...changes };
  };
  const formats = readers.map((reader) => ({ reader, policy: policyFor(reader) }));
  return { formats, metadata: [], warnBefore: 14 * day };
}

/** Signs a request and gives the text of the bundle. Each call has a record of its own unless one is given. */
export async function signText(
  request: string,
  signer: Signer,
  changes: Partial<SignDeps> & Partial<SignOptions> & { readonly record?: SignerRecord } = {},
): Promise<string> {
  const file = createMemoryNewFile();
  const clock = changes.clock ?? vectorClock;
  const reader = await createSignatureReader([{ name: 'own', bytes: signer.publicKey }]);
  const deps: SignDeps = {
    keys: [{ signer: createSimpleSigner(signer), reader: createSimpleReader(reader) }],
    record: createMemorySignerRecord(),
    clock,
    review: () => Promise.resolve(true),
    createBundle: () => Promise.resolve(file),
    advance: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  };
  const options = {
    life: 90 * day,
    allowRollback: false,
    adoptRecord: false,
    creator: 'signpost test',
    ...changes,
  };
  await signRequest(deps, linesOf(request), options);
  return file.text ?? '';
}
