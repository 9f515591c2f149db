import { type AgentOptions, Agent as HttpAgent, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions as SecureAgentOptions } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ChooseProxy } from './choose-proxy.ts';
import { connectTunnel } from './connect-tunnel.ts';

/** The agents of one client: those that connect, and those that go by way of a proxy. */
export interface Agents {
  for(url: URL): HttpAgent | HttpsAgent;
  destroy(): void;
}

/** Milliseconds that a proxy may take to connect, where nothing else is said. */
const usualTimeout = 10_000;

/** @param timeout milliseconds that a proxy may take to connect */
export function createAgents(
  settings: AgentOptions & SecureAgentOptions,
  chooseProxy: ChooseProxy,
  timeout = usualTimeout,
): Agents {
  const agents = new Map<string, HttpAgent | HttpsAgent>();
  const make = (secure: boolean, proxy: URL | undefined) => {
    if (secure) {
      return proxy === undefined ? new HttpsAgent(settings) : new TunnelAgent(settings, proxy, timeout);
    }
    return new HttpAgent({
      ...settings,
      ...(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy.href } }),
    });
  };
  return {
    for(url) {
      const proxy = chooseProxy(url);
      const key = `${url.protocol} ${proxy?.href ?? ''}`;
      const agent = agents.get(key) ?? make(url.protocol === 'https:', proxy);
      agents.set(key, agent);
      return agent;
    },
    destroy() {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

/** Speaks TLS with the host through a tunnel, so that the proxy sees neither what is asked for nor what is answered. */
class TunnelAgent extends HttpsAgent {
  readonly #proxy: URL;
  readonly #timeout: number;
  readonly #closing = new AbortController();

  constructor(settings: SecureAgentOptions, proxy: URL, timeout: number) {
    super(settings);
    this.#proxy = proxy;
    this.#timeout = timeout;
  }

  override createConnection(
    options: ClientRequestArgs,
    callback: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    void this.#create(options, callback);
    return undefined;
  }

  async #create(
    options: ClientRequestArgs,
    callback: (error: Error | null, stream: Duplex) => void,
  ): Promise<void> {
    let secure: Duplex;
    try {
      const socket = await this.#connect(options);
      secure = super.createConnection({ ...options, socket } as ClientRequestArgs) as Duplex;
    } catch (error) {
      // No stream comes with an error.
      callback(error as Error, undefined as unknown as Duplex);
      return;
    }
    callback(null, secure);
  }

  async #connect({ host, port, lookup }: ClientRequestArgs): Promise<Socket> {
    // An address that was looked up to be checked is the one that is connected to, by the proxy too.
    const target = lookup === undefined ? (host ?? '') : await lookUp(host ?? '', lookup);
    const tunnel = { host: target, port: port ?? 443 };
    return connectTunnel(this.#proxy, tunnel, this.#timeout, this.#closing.signal);
  }

  override destroy(): void {
    this.#closing.abort();
    super.destroy();
  }
}

function lookUp(host: string, lookup: LookupFunction): Promise<string> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: false }, (error, address) => {
      if (error === null && typeof address === 'string') resolve(address);
      else reject(error ?? new Error(`${host} has no address`));
    });
  });
}
