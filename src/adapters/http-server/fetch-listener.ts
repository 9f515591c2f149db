import type { IncomingMessage } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { RequestListener } from './http-server.ts';

/**
 * Lets a function from requests to answers, as the Fetch standard has them, listen. What it needs to know of a request
 * beside that is `environmentOf` the message that came.
 */
export function createFetchListener<Environment>(
  fetch: (request: Request, environment: Environment) => Response | Promise<Response>,
  environmentOf: (incoming: IncomingMessage) => Environment,
): RequestListener {
  const listener = getRequestListener(
    (request, { incoming }) => fetch(request, environmentOf(incoming as IncomingMessage)),
    {
      // The globals belong to the whole process.
      overrideGlobalObjects: false,
      // A request line or Host header that makes no URL.
      errorHandler: () => new Response(null, { status: 400 }),
    },
  );
  return (request, response) => void listener(request, response);
}
