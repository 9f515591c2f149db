import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, quote } from '../../oci/digest.ts';
import { type Manifest, parseManifest } from '../../oci/manifest.ts';
import { isListType } from '../../oci/media-types.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { RepositoryName, TagName } from '../../oci/reference.ts';
import type { TreeReader } from '../../ports/tree.ts';
import { accepts } from './accept.ts';
import { chooseFromList } from './choose-from-list.ts';
import { type Exchange, type Handled, type Handling, entityTagOf, noneMatches } from './exchange.ts';
import { ociError } from './oci-error.ts';
import type { ManifestEntry } from './published-repository.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';
import { sendError } from './send-error.ts';
import { createVerifiedContent } from './verified-content.ts';

/** Answers requests for manifests: byte for byte what was signed. Synchronous when the bytes are in memory. */
export interface ManifestAnswers {
  byTag(exchange: Exchange, snapshot: RoutingSnapshot, repository: RepositoryName, tag: TagName): Handling;
  byDigest(
    exchange: Exchange,
    snapshot: RoutingSnapshot,
    repository: RepositoryName,
    digest: Digest,
  ): Handling;
}

const cacheBytes = 64 * 1024 * 1024;
const immutable = 'public, max-age=31536000, immutable';
/** What decides which manifest of a list is answered. */
const choosingHeaders = 'Accept, User-Agent';
/** More platforms than this are too many for a message. */
const describedPlatforms = 16;

export function createManifestAnswers(tree: TreeReader): ManifestAnswers {
  const contents = createVerifiedContent(cacheBytes);
  const load = (repository: RepositoryName, digest: Digest, size: number) =>
    contents.load(digest, size, () => tree.readManifest(repository, digest));

  const send = (
    exchange: Exchange,
    repository: RepositoryName,
    digest: Digest,
    entry: ManifestEntry,
    cacheControl: string,
    vary = 'Accept',
  ): Handled => {
    const isList = isListType(entry.mediaType);
    if (!noneMatches(exchange.header('if-none-match'), digest)) {
      exchange.answer(304, ['ETag', entityTagOf(digest), 'Cache-Control', cacheControl, 'Vary', vary]);
      return { isList };
    }
    const headers = headersOf(digest, entry, cacheControl, vary);
    const bytes = exchange.method === 'HEAD' ? undefined : contents.get(digest);
    if (exchange.method !== 'HEAD' && bytes === undefined) {
      const sending = load(repository, digest, entry.size).then((read) =>
        exchange.answer(200, headers, read),
      );
      return { isList, sending };
    }
    exchange.answer(200, headers, bytes);
    return { isList };
  };

  /** Never converts: a manifest that the list itself names, or nothing. */
  const sendFromList = async (
    exchange: Exchange,
    snapshot: RoutingSnapshot,
    repository: RepositoryName,
    digest: Digest,
    entry: ManifestEntry,
  ): Promise<void> => {
    const list = parseManifest(await load(repository, digest, entry.size), entry.mediaType);
    const accept = exchange.header('accept');
    const isAccepted = ({ digest, mediaType }: Descriptor) =>
      accepts(accept, mediaType) && snapshot.findManifest(repository, digest)?.mediaType === mediaType;
    const chosen =
      list.kind === 'list' ? chooseFromList(list, exchange.header('user-agent'), isAccepted) : undefined;
    if (chosen === undefined) {
      const message = `the tag has ${describeList(list)}: the request's Accept header covers neither the list nor a manifest in it that is for this client`;
      sendError(exchange, ociError(404, 'MANIFEST_UNKNOWN', message));
      return;
    }
    const { mediaType, size } = chosen;
    await send(exchange, repository, chosen.digest, { mediaType, size }, 'no-cache', choosingHeaders).sending;
  };

  return {
    byTag(exchange, snapshot, repository, tag) {
      const digest = snapshot.findTag(repository, tag);
      const entry = digest === undefined ? undefined : snapshot.findManifest(repository, digest);
      if (digest === undefined || entry === undefined) {
        return sendUnknown(exchange, snapshot, repository, `tag ${quote(tag)}`);
      }
      if (isListType(entry.mediaType) && !accepts(exchange.header('accept'), entry.mediaType)) {
        return sendFromList(exchange, snapshot, repository, digest, entry);
      }
      return send(exchange, repository, digest, entry, 'no-cache');
    },
    byDigest(exchange, snapshot, repository, digest) {
      const entry = snapshot.findManifest(repository, digest);
      if (entry === undefined) return sendUnknown(exchange, snapshot, repository, digest);
      return send(exchange, repository, digest, entry, immutable);
    },
  };
}

function headersOf(
  digest: Digest,
  entry: ManifestEntry,
  cacheControl: string,
  vary: string,
): readonly string[] {
  return [
    'Content-Type',
    entry.mediaType,
    'Content-Length',
    String(entry.size),
    'Docker-Content-Digest',
    digest,
    'ETag',
    entityTagOf(digest),
    'Cache-Control',
    cacheControl,
    'Vary',
    vary,
    'Docker-Distribution-Api-Version',
    'registry/2.0',
  ];
}

function describeList(list: Manifest): string {
  const entries = list.kind === 'list' ? list.manifests : [];
  const names = entries.map(
    ({ mediaType, platform }) =>
      `${mediaType}${platform === undefined ? '' : ` for ${formatPlatform(platform)}`}`,
  );
  const more = names.length - describedPlatforms;
  const shown = names.slice(0, describedPlatforms).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return `a list (${list.mediaType}) of ${shown === '' ? 'nothing' : shown}`;
}

function sendUnknown(
  exchange: Exchange,
  snapshot: RoutingSnapshot,
  repository: RepositoryName,
  what: string,
): void {
  const error =
    snapshot.tagNames(repository) === undefined
      ? ociError(404, 'NAME_UNKNOWN', `no repository ${quote(repository)}`)
      : ociError(404, 'MANIFEST_UNKNOWN', `${repository} has no ${what}`);
  sendError(exchange, error);
}
