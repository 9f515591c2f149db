import { logExchange } from './access-log.ts';
import { createAnswerBlob } from './answer-blob.ts';
import { createManifestAnswers } from './answer-manifest.ts';
import { createMetadataAnswers } from './answer-metadata.ts';
import { createMirrorAnswers } from './answer-mirrors.ts';
import { answerReferrers } from './answer-referrers.ts';
import { createSignatureAnswers } from './answer-signatures.ts';
import { answerTags } from './answer-tags.ts';
import { createTreeListAnswers } from './answer-tree-lists.ts';
import { Exchange, type Handled, type Handling, type Incoming, type Outgoing } from './exchange.ts';
import { createAskerFinder } from './find-asker.ts';
import { ociError, toOciError } from './oci-error.ts';
import type { RegistryDeps, WatchingDeps } from './registry-deps.ts';
import { parseRequestPath } from './request-path.ts';
import { sendError } from './send-error.ts';

/** Answers one request of the pull API. It never throws, and what fails later is logged and answered too. */
export type RegistryListener = (request: Incoming, response: Outgoing) => void;

/** The read side of the OCI distribution API 1.1, whole (docs/request-handling.md). */
export function createRegistry(deps: RegistryDeps): RegistryListener {
  const { clock, watching } = deps;
  const { log } = watching;
  const findAsker = createAskerFinder(deps);
  const answer = createAnswer(deps);

  const finish = (exchange: Exchange, handled: Handled) => {
    watching.onEnd?.(exchange, handled);
    if (log.keepsInfo?.() !== false) logExchange(log, exchange, handled, clock.monotonic());
  };
  const fail = (exchange: Exchange, handled: Handled, error: unknown) => {
    const { response } = exchange;
    if (response.headersSent) {
      // The client sees a broken connection instead of an answer that looks whole.
      response.destroy();
      if (!isGone(error)) log.error('answer broken off', { kind: exchange.path.kind, error });
    } else if (!response.destroyed) {
      const told = toOciError(error);
      if (told.status >= 500) log.error('request failed', { kind: exchange.path.kind, error });
      sendError(exchange, told, told.status === 503 ? ['Retry-After', '5'] : []);
    }
    finish(exchange, handled);
  };

  return (request, response) => {
    const path = parseRequestPath(request.url ?? '');
    const method = request.method === 'HEAD' ? 'HEAD' : 'GET';
    const exchange = new Exchange(
      request,
      response,
      method,
      path,
      findAsker(request, path),
      clock.monotonic(),
    );
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const error = ociError(
        405,
        'UNSUPPORTED',
        'this registry is read-only: only GET and HEAD are answered',
      );
      sendError(exchange, error, ['Allow', 'GET, HEAD']);
      finish(exchange, {});
      return;
    }
    try {
      const handling = answer(exchange);
      const handled = handling instanceof Promise ? { sending: handling } : (handling ?? {});
      if (handled.sending === undefined) finish(exchange, handled);
      else
        handled.sending.then(
          () => finish(exchange, handled),
          (error: unknown) => fail(exchange, handled, error),
        );
    } catch (error) {
      fail(exchange, {}, error);
    }
  };
}

/** The client went away: nothing to report. */
function isGone(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE';
}

function createAnswer(deps: RegistryDeps): (exchange: Exchange) => Handling {
  const { published, watching } = deps;
  const answerBlob = createAnswerBlob(deps);
  const manifests = createManifestAnswers(published.tree);
  const mirrors = createMirrorAnswers(deps.routing);
  const signatures = createSignatureAnswers(published.tree);
  const treeLists = createTreeListAnswers(published.treeLists, published.streams);
  const answerMetadata = createMetadataAnswers(published.metadata);

  return (exchange) => {
    const { path } = exchange;
    if (path.kind === 'refused') return sendError(exchange, path.error);
    if (path.kind === 'base') return exchange.answer(200, baseHeaders, '{}');
    if (path.kind === 'health') return sendText(exchange, 200, 'ok\n');
    if (path.kind === 'ready') return answerReady(exchange, watching.unready);
    if (path.kind === 'mirrors') return mirrors.all(exchange);
    if (path.kind === 'contents') return treeLists.list(exchange, path.digest);
    if (path.kind === 'metadata') return answerMetadata(exchange, path.file);
    const snapshot = published.snapshot();
    if (snapshot === undefined) {
      return sendError(exchange, ociError(503, 'UNAVAILABLE', 'starting: try again'), ['Retry-After', '1']);
    }
    switch (path.kind) {
      case 'blob':
        return answerBlob(exchange, snapshot, path.repository, path.digest, 'bytes');
      case 'metalink':
      case 'trace':
        return answerBlob(exchange, snapshot, path.repository, path.digest, path.kind);
      case 'mirror-list':
        return mirrors.forRepository(exchange, snapshot, path.repository);
      case 'manifest':
        return manifests.byDigest(exchange, snapshot, path.repository, path.digest);
      case 'manifest-by-tag':
        return manifests.byTag(exchange, snapshot, path.repository, path.tag);
      case 'marker':
        return treeLists.marker(exchange, snapshot);
      case 'tags':
        return answerTags(exchange, snapshot, path.repository, path.query, deps.settings.listArtifactTags);
      case 'referrers':
        return answerReferrers(exchange, snapshot, path.repository, path.digest, path.query);
      case 'signatures':
        return signatures.extension(exchange, snapshot, path.repository, path.digest);
      case 'lookaside':
        return signatures.lookaside(exchange, snapshot, path.repository, path.digest, path.index);
    }
  };
}

/** Clients that see the second header ask for signatures at /extensions/v2/. */
const baseHeaders = [
  'Content-Type',
  'application/json',
  'Content-Length',
  '2',
  'Docker-Distribution-Api-Version',
  'registry/2.0',
  'X-Registry-Supports-Signatures',
  '1',
];

async function answerReady(exchange: Exchange, unready: WatchingDeps['unready']): Promise<void> {
  const why = await unready();
  sendText(exchange, why === undefined ? 200 : 503, `${why ?? 'ok'}\n`);
}

function sendText(exchange: Exchange, status: number, text: string): void {
  exchange.answer(
    status,
    [
      'Content-Type',
      'text/plain; charset=utf-8',
      'Content-Length',
      String(text.length),
      'Cache-Control',
      'no-store',
    ],
    text,
  );
}
