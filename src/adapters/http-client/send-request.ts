import {
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import { NetworkError, type NetworkStage, describeNetworkError } from './network-error.ts';

interface Sending {
  readonly body: Buffer | undefined;
  /** Milliseconds to the end of the answer's headers. */
  readonly timeout: number | undefined;
  /** Ends the body that is being read, too. */
  readonly signal: AbortSignal;
  /** The option or setting that names further certificate authorities, for messages. */
  readonly setting: string | undefined;
}

/** Sends one request. @throws NetworkError UNAVAILABLE, CANCELLED */
export function sendRequest(
  url: URL,
  settings: RequestOptions,
  { body, timeout, signal, setting }: Sending,
): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const request = secure ? requestHttps(url, settings) : requestHttp(url, settings);
  return new Promise((resolve, reject) => {
    const stage = watchStage(request, secure);
    const leave = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
    // A request that waits for its connection says nothing when it is destroyed.
    const fail = (error: Error) => {
      leave();
      request.destroy();
      reject(describeNetworkError(error, url, signal, stage(), setting));
    };
    const stop = () => fail(new Error('stopped'));
    const giveUp = () => {
      const said = `has not answered within ${timeout} ms`;
      const failure = { stage: stage(), problem: `it ${said}`, cause: { code: 'ETIMEDOUT' } };
      fail(new NetworkError('UNAVAILABLE', `${url.host} ${said}`, failure));
    };
    const timer = timeout === undefined ? undefined : setTimeout(giveUp, timeout);
    signal.addEventListener('abort', stop, { once: true });
    request.on('response', (message) => {
      leave();
      endWith(message, signal);
      resolve(message);
    });
    request.on('error', fail);
    if (signal.aborted) stop();
    else request.end(body);
  });
}

function watchStage(request: ClientRequest, secure: boolean): () => NetworkStage {
  let stage: NetworkStage = 'connect';
  const connected = () => (stage = secure ? 'tls' : 'answer');
  const answering = () => (stage = 'answer');
  request.on('socket', (socket) => {
    if (request.reusedSocket) return void answering();
    // That of a tunnel is connected.
    if (!socket.connecting) connected();
    socket.once('connect', connected);
    if (secure) socket.once('secureConnect', answering);
  });
  return () => stage;
}

function endWith(message: IncomingMessage, signal: AbortSignal): void {
  // A connection that breaks between two reads must not end the process.
  message.on('error', () => undefined);
  const stop = () => message.destroy(new Error('stopped'));
  signal.addEventListener('abort', stop, { once: true });
  message.on('close', () => signal.removeEventListener('abort', stop));
}
