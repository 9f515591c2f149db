import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as pause } from 'node:timers/promises';
import { createFileTreeContents } from '../../src/adapters/tree/file-tree-contents.ts';
import { createFileTreeLists } from '../../src/adapters/tree/file-tree-lists.ts';
import { createFileMetadataTree } from '../../src/adapters/tree/file-metadata-tree.ts';
import { createFileTreeReader } from '../../src/adapters/tree/file-tree-reader.ts';
import { type HttpLimits, defaultLimits, listenHttp } from '../../src/adapters/http-server/http-server.ts';
import { blobPath, manifestPath, signatureFolder } from '../../src/adapters/tree/tree-paths.ts';
import type { Netblock } from '../../src/net/address.ts';
import { parseIpAddress } from '../../src/net/address.ts';
import type { Mirror, MirrorId } from '../../src/mirrors/mirror.ts';
import { createMirrorTable } from '../../src/mirrors/mirror-table.ts';
import { parseNetblock } from '../../src/net/netblock.ts';
import { RetryMemory } from '../../src/mirrors/retry-memory.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { artifactTypeOf, parseManifest } from '../../src/oci/manifest.ts';
import {
  type RepositoryName,
  parseRegistryHost,
  parseRepositoryName,
  parseTagName,
} from '../../src/oci/reference.ts';
import type { Log } from '../../src/ports/log.ts';
import type { TreeReader } from '../../src/ports/tree.ts';
import type { ProbeTarget, FailureReport } from '../../src/ports/mirror-probe.ts';
import { createRegistry } from '../../src/server/pull/create-registry.ts';
import type { RegistrySettings } from '../../src/server/pull/registry-deps.ts';
import { compileSnapshot } from '../../src/server/pull/compile-snapshot.ts';
import type { RoutingSnapshot } from '../../src/server/pull/routing-snapshot.ts';
import { createStreamSlots } from '../../src/server/pull/stream-slots.ts';
import type { BuiltManifest } from '../fakes/image-builder.ts';
import { createMemoryPublications } from '../fakes/memory-publications.ts';
import { healthyStates } from '../fakes/mirrors.ts';
import { createTablePlaceFinder } from '../fakes/table-place-finder.ts';

/** A pull API on a loopback port, answering from a tree on the disk. */
export interface RegistryUnderTest extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The folder of the tree. */
  readonly tree: string;
  /** Every line of the log. */
  readonly lines: LogLine[];
  /** Mirrors that the prober was told of. */
  readonly sent: MirrorId[];
  readonly suspects: (FailureReport & { readonly mirror: MirrorId })[];
  /** Puts an image into the tree and publishes it under the tags. */
  publish(
    repository: string,
    tags: readonly string[],
    built: BuiltManifest,
    signatures?: ReadonlyMap<Digest, readonly Uint8Array[]>,
  ): Promise<void>;
  /** Publishes a blob of any content. */
  publishBlob(repository: string, bytes: Uint8Array): Promise<Digest>;
  /** Writes what the tree says of itself, as the end of a publication does. */
  listTree(): Promise<void>;
  /** One request with node:http, which sends paths as they are. */
  ask(path: string, options?: AskOptions): Promise<Answer>;
  /** Writes bytes to a connection and reads what comes until the other end closes it. */
  raw(bytes: string): Promise<string>;
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  json(): unknown;
}

export interface RegistryOptions {
  readonly settings?: Partial<RegistrySettings>;
  readonly mirrors?: readonly Mirror[];
  readonly limits?: Partial<HttpLimits>;
  readonly now?: () => number;
  /** How many blobs the origin sends at once. */
  readonly originStreams?: number;
  /** What blobs are read from, in place of the tree. */
  readonly openBlob?: TreeReader['openBlob'];
}

/** What the registry is called: nobody can connect to it by this name. */
export const registryName = parseRegistryHost('images.example.org');
export const loopback: Netblock = parseNetblock('127.0.0.0/8');

export async function startRegistry(options: RegistryOptions = {}): Promise<RegistryUnderTest> {
  const tree = await mkdtemp(join(tmpdir(), 'signpost-tree-'));
  const { publications, content } = createMemoryPublications();
  const now = options.now ?? (() => Date.now());
  const lines: LogLine[] = [];
  const log = recordingLog(lines);
  const sent: MirrorId[] = [];
  const suspects: (FailureReport & { readonly mirror: MirrorId })[] = [];
  const mirrors = options.mirrors ?? [];
  const table = createMirrorTable(mirrors, healthyStates(mirrors));
  const compile = () => compileSnapshot(content, undefined, () => pause());
  let snapshot: RoutingSnapshot = await compile();
  const listener = createRegistry({
    published: {
      snapshot: () => snapshot,
      tree: { ...createFileTreeReader(tree), ...(options.openBlob && { openBlob: options.openBlob }) },
      treeLists: createFileTreeLists(tree),
      metadata: createFileMetadataTree(tree),
      streams: createStreamSlots(options.originStreams ?? 4),
    },
    routing: {
      mirrors: () => table,
      places: createTablePlaceFinder([
        { netblock: loopback, place: { country: 'DE', source: 'test' } },
        { netblock: parseNetblock('198.51.100.0/24'), place: { country: 'JP', source: 'test' } },
      ]),
      retries: new RetryMemory(),
      probes: {
        onSent: (mirror: MirrorId, _target: ProbeTarget) => sent.push(mirror),
        onSuspect: (mirror: MirrorId, failureReport: FailureReport) =>
          suspects.push({ mirror, ...failureReport }),
      },
    },
    watching: { log, unready: async () => undefined },
    clock: { monotonic: now },
    settings: {
      name: registryName,
      inlineSize: 1024,
      alternatives: 2,
      trustedProxies: [],
      listArtifactTags: false,
      ...options.settings,
    },
  });
  const server = await listenHttp([{ address: '127.0.0.1', port: 0 }], listener, log, {
    ...defaultLimits,
    ...options.limits,
  });
  const url = server.urls[0] ?? '';
  const port = Number(url.slice(url.lastIndexOf(':') + 1));
  return {
    url,
    port,
    tree,
    lines,
    sent,
    suspects,
    async publish(repository, tags, built, signatures = new Map()) {
      const name = parseRepositoryName(repository);
      for (const [digest, { manifest }] of built.manifests) {
        await write(manifestPath(tree, name, digest), manifest);
      }
      for (const [digest, bytes] of built.blobs) await write(blobPath(tree, name, digest), bytes);
      for (const [digest, list] of signatures) {
        for (const [index, bytes] of list.entries()) {
          await write(`${signatureFolder(tree, name, digest)}/signature-${index + 1}`, bytes);
        }
      }
      await publications.publish({
        tags: tags.map((tag) => ({
          repository: name,
          tag: parseTagName(tag),
          list: built.digest,
          requestSerial: 1,
          expires: 4_000_000_000_000,
        })),
        manifests: [...built.manifests].map(([digest, one]) => describe(name, digest, one)),
        blobs: [...built.blobs].map(([digest, bytes]) => ({ repository: name, digest, size: bytes.length })),
      });
      snapshot = await compile();
    },
    async publishBlob(repository, bytes) {
      const name = parseRepositoryName(repository);
      const digest = digestOf(bytes);
      await write(blobPath(tree, name, digest), bytes);
      const blob = { repository: name, digest, size: bytes.length };
      await publications.publish({ tags: [], manifests: [], blobs: [blob] });
      snapshot = await compile();
      return digest;
    },
    listTree: async () => {
      await createFileTreeContents(tree, content, { now }).update(await publications.serials());
    },
    ask: (path, asked) => ask(port, path, asked),
    raw: (bytes) => raw(port, bytes),
    async [Symbol.asyncDispose]() {
      await server.close(0);
      await rm(tree, { recursive: true, force: true });
    },
  };
}

/** An address of the documentation's ranges, as the proxies of a test would add it. */
export const japan = parseIpAddress('198.51.100.7');

function describe(repository: RepositoryName, digest: Digest, { manifest, mediaType }: BuiltManifest) {
  const parsed = parseManifest(manifest);
  const artifactType = artifactTypeOf(parsed);
  return {
    repository,
    digest,
    mediaType,
    size: manifest.length,
    ...(parsed.subject === undefined ? {} : { subject: parsed.subject.digest }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(parsed.annotations === undefined ? {} : { annotations: parsed.annotations }),
  };
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

function recordingLog(lines: LogLine[]): Log {
  const at =
    (level: string): Log['info'] =>
    (event, fields = {}) => {
      lines.push({ level, event, fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function ask(port: number, path: string, options: AskOptions = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : [...value],
    ]),
  );
  const request = httpRequest(
    { host: '127.0.0.1', port, path, method: options.method ?? 'GET', headers, agent: false },
    (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(pieces);
        const json = () => JSON.parse(body.toString()) as unknown;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, json });
      });
    },
  );
  request.on('error', reject);
  request.end(options.body);
  return promise;
}

function raw(port: number, bytes: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => (text += piece));
  // A reset after the answer is an end, too.
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(text));
  socket.write(bytes, 'latin1');
  return promise;
}
