import { clientNetworkOf } from '../../net/client-network.ts';
import type { Client } from '../../mirrors/eligibility.ts';
import { describeChoice, describeInPlace } from './describe-choice.ts';
import { type ChoiceExplanation, explainChoice } from './explain-choice.ts';
import { isPublic } from '../../mirrors/public-mirrors.ts';
import { createRateLimit } from '../../net/rate-limit.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RegistryHost, RepositoryName } from '../../oci/reference.ts';
import { accepts } from './accept.ts';
import { blobUrlPath } from './blob-headers.ts';
import type { Exchange } from './exchange.ts';
import { formatMetalink, metalinkType } from './format-metalink.ts';
import { ociError } from './oci-error.ts';
import type { BlobRoute } from './route-blob.ts';
import { sendError } from './send-error.ts';
import { visible, visibleLine } from '../../text/visible.ts';

type Routed<Outcome> = Extract<BlobRoute, { readonly outcome: Outcome }>;

/**
 * Answers with the Metalink of a blob: the mirrors, and this registry last, for when they all fail. The registry goes by
 * its own name: a Host header may be what a proxy made of it, and may be forged.
 */
export function sendMetalink(
  exchange: Exchange,
  registry: RegistryHost,
  repository: RepositoryName,
  digest: Digest,
  { blob, ranked }: Routed<'metalink'>,
): void {
  const path = blobUrlPath(repository, digest);
  const places = ranked.map(({ url, mirror }) => ({ url: url + path, country: mirror.country }));
  const origin = { url: `${exchange.client.secure ? 'https' : 'http'}://${registry}${path}` };
  const document = formatMetalink({ digest, size: blob.size, urls: [...places, origin] });
  send(exchange, metalinkType, document, ['Link', `<${path}>; rel=describes`]);
}

/** Answers with what `signpost explain` prints, for the client that asks. Private mirrors are nobody else's business. */
export function sendTrace(
  exchange: Exchange,
  client: Client,
  { blob, ranked, rejected }: Routed<'traced'>,
  inlineSize: number,
): void {
  const shown = { ranked, rejected: rejected.filter(({ mirror }) => isPublic(mirror)) };
  const explanation: ChoiceExplanation = explainChoice(shown, client);
  const notes = blob.size <= inlineSize ? [describeInPlace(blob.size, inlineSize)] : [];
  const accept = exchange.header('accept');
  if (accept?.includes('json') === true && accepts(accept, 'application/json')) {
    send(
      exchange,
      'application/json',
      visible(`${JSON.stringify({ client, notes, ...explanation }, undefined, 2)}\n`),
    );
  } else {
    send(
      exchange,
      'text/plain; charset=utf-8',
      `${describeChoice(client, explanation, notes).map(visibleLine).join('\n')}\n`,
    );
  }
}

/** For one client network, so that nobody can keep others from asking. */
const networkTraces = { burst: 20, perMinute: 60, keys: 4096 };
/** For all together: each explanation looks at every mirror, and pulls go first. */
const allTraces = { burst: 50, perMinute: 3000, keys: 1 };

/** Says whether a client may have an explanation; what does not let it has answered already. */
export function createTraceGate(): (exchange: Exchange) => boolean {
  const networks = createRateLimit(networkTraces);
  const all = createRateLimit(allTraces);
  return (exchange) => {
    const wait = networks.take(clientNetworkOf(exchange.client.address), 1, exchange.began);
    if (wait > 0) {
      const message = `a network gets ${networkTraces.perMinute} explanations a minute: wait ${wait} seconds`;
      sendError(exchange, ociError(429, 'TOOMANYREQUESTS', message), ['Retry-After', String(wait)]);
    } else if (all.take('', 1, exchange.began) > 0) {
      const message = 'too many explanations are asked for: try again';
      sendError(exchange, ociError(503, 'UNAVAILABLE', message), ['Retry-After', '1']);
    } else {
      return true;
    }
    return false;
  };
}

function send(exchange: Exchange, type: string, text: string, headers: readonly string[] = []): void {
  const body = Buffer.from(text);
  const common = ['Content-Length', String(body.length), 'Cache-Control', 'no-store', 'Vary', 'Accept'];
  exchange.answer(200, ['Content-Type', type, ...common, ...headers], body);
}
