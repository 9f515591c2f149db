import { chooseMirrors } from '../../mirrors/choose-mirrors.ts';
import { describePlace } from './describe-choice.ts';
import type { MirrorTable } from '../../mirrors/mirror-table.ts';
import { listPublicMirrors } from '../../mirrors/public-mirrors.ts';
import { type Digest, digestOf, quote } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { type Exchange, entityTagOf, noneMatches } from './exchange.ts';
import { ociError } from './oci-error.ts';
import type { RoutingDeps } from './registry-deps.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';
import { sendError } from './send-error.ts';
import { visible } from '../../text/visible.ts';

/** Lists of mirrors, for people and for programs that choose among them by themselves. */
export interface MirrorAnswers {
  /** `/mirrors/<repository>`: mirrors that have the repository whole, best first for this client. */
  forRepository(exchange: Exchange, snapshot: RoutingSnapshot, repository: RepositoryName): void;
  /** `/mirrors.json`: every mirror that strangers are sent to, and how it is. */
  all(exchange: Exchange): void;
}

const listLimit = 100;

export function createMirrorAnswers({ mirrors }: Pick<RoutingDeps, 'mirrors'>): MirrorAnswers {
  // One document for each table: it is the same for everybody, and may be long.
  const documents = new WeakMap<MirrorTable, Document>();
  const documentOf = (table: MirrorTable): Document => {
    const known = documents.get(table);
    if (known !== undefined) return known;
    const bytes = Buffer.from(visible(`${JSON.stringify(listPublicMirrors(table), undefined, 2)}\n`));
    const document = { bytes, digest: digestOf(bytes) };
    documents.set(table, document);
    return document;
  };

  return {
    forRepository(exchange, snapshot, repository) {
      const serial = snapshot.blobSerial(repository);
      if (serial === undefined) {
        return sendError(exchange, ociError(404, 'NAME_UNKNOWN', `no repository ${quote(repository)}`));
      }
      const { client } = exchange;
      // The order is that of no blob in particular, and stays the same.
      const wanted = { repository, digest: digestOf(Buffer.from(repository)), serial };
      const { ranked } = chooseMirrors(mirrors(), client, wanted, [], listLimit);
      const lines = [
        `# repository = ${repository}, serial = ${serial}`,
        `# client = ${client.address} over ${client.secure ? 'https' : 'http'}: ${describePlace(client.place)}`,
      ];
      let tier: string | undefined;
      for (const one of ranked) {
        if (one.tier !== tier) lines.push(`# tier = ${one.tier}`);
        ({ tier } = one);
        lines.push(`${one.url}/v2/${repository}/`);
      }
      if (ranked.length === 0) lines.push('# no mirror qualifies: the origin serves everything itself');
      const body = Buffer.from(`${lines.join('\n')}\n`);
      const type = ['Content-Type', 'text/plain; charset=utf-8'];
      exchange.answer(
        200,
        [...type, 'Content-Length', String(body.length), 'Cache-Control', 'no-store'],
        body,
      );
    },
    all(exchange) {
      const { bytes, digest } = documentOf(mirrors());
      const headers = ['ETag', entityTagOf(digest), 'Cache-Control', 'public, max-age=60'];
      if (!noneMatches(exchange.header('if-none-match'), digest)) return exchange.answer(304, headers);
      const content = ['Content-Type', 'application/json', 'Content-Length', String(bytes.length)];
      exchange.answer(200, [...content, ...headers], bytes);
    },
  };
}

interface Document {
  readonly bytes: Buffer;
  readonly digest: Digest;
}
