import type { Certificates } from './certificates.ts';
import { createCertificates } from './certificates.ts';
import type { ClientSetting } from './clients/pull-client.ts';
import { createGpgKey, type GpgKey } from './gpg-key.ts';
import { type PlaceProxy, startPlaceProxy } from './place-proxy.ts';
import { findFreePort } from './ports.ts';
import { createSignpost, type Signpost } from './signpost.ts';
import { createWorkFolder, type WorkFolder } from './work-folder.ts';

/** The name of the Mirror List; it is not in any DNS. */
export const registryName = 'images.example.test';

/** Which simulated addresses count as being where. */
const countryNetblocks = { DE: '127.20', US: '127.21', FR: '127.22', JP: '127.23', BR: '127.24' } as const;
export type Country = keyof typeof countryNetblocks;

/** What every end-to-end test starts from. */
export interface World extends AsyncDisposable {
  readonly work: WorkFolder;
  readonly certificates: Certificates;
  readonly key: GpgKey;
  readonly signpost: Signpost;
  /** Where the Mirror List listens. */
  readonly port: number;
  /** Where names lead to, as `host:port`; a test may lead a name elsewhere. */
  readonly hosts: Map<string, { readonly address: string; readonly port: number }>;
  /** The settings of {@link signpost}, for a second installation beside it. */
  settings(port: number, keys: readonly string[]): object;
  /** An address in a country that no client had before: the Mirror List remembers for a while who asked for what. */
  newAddress(country: Country): string;
  /** A place for one client, which may be moved. */
  createPlace(name: string, country: Country): Promise<ClientSetting & { readonly place: PlaceProxy }>;
  /** Whether mirrors have names. */
  readonly hasNamedMirrors: boolean;
  /** Whatever else is to be ended with the world. */
  readonly parts: AsyncDisposableStack;
}

export interface WorldOptions {
  /** The Mirror List speaks plain HTTP, to these proxies. */
  readonly trustedProxies?: readonly string[];
  /** The kind of the release key, as gpg names it. */
  readonly algorithm?: string;
  /** Mirrors that have names and not only addresses: some clients follow no redirect to a local address. */
  readonly namedMirrors?: readonly string[];
  /** Further settings of the Mirror List. */
  readonly further?: (certificates: Certificates) => object;
}

/** Addresses on which mirrors may listen: their certificate names them. */
export const mirrorAddresses: readonly string[] = Array.from(
  { length: 12 },
  (_, index) => `127.0.1.${index + 1}`,
);

/** The name of a mirror that has one; it is not in any DNS. */
export function mirrorHost(name: string): string {
  return `${name}.mirror.test`;
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const work = createWorkFolder();
  stack.defer(() => work.remove());
  const mirrorHosts = (options.namedMirrors ?? []).map(mirrorHost);
  const certificates = await createCertificates(work, [
    registryName,
    ...mirrorAddresses,
    '::1',
    ...mirrorHosts,
  ]);
  const key = stack.use(await createGpgKey(work, 'release', options.algorithm ?? 'ed25519'));
  const port = await findFreePort();
  const tls = { certificate: certificates.certificate, key: certificates.key };
  const settings = (port: number, keys: readonly string[]) => ({
    registry: {
      name: registryName,
      listen: [{ address: '127.0.0.1', port, ...(options.trustedProxies === undefined ? { tls } : {}) }],
      trustedProxies: options.trustedProxies ?? [],
    },
    repositories: [{ match: 'demo/*', keys }],
    mirrors: { allowAddresses: ['127.0.0.0/8'], certificateAuthorities: [certificates.authority] },
    places: {
      overrides: Object.entries(countryNetblocks).map(([country, start]) => ({
        netblock: `${start}.0.0/16`,
        country,
      })),
    },
  });
  const signpost = createSignpost(
    work,
    'origin',
    { ...settings(port, [key.publicKey]), ...options.further?.(certificates) },
    mirrorHosts.map((host, index) => `${mirrorAddresses[index]} ${host}`),
  );
  const hosts = new Map([[`${registryName}:443`, { address: '127.0.0.1', port }]]);
  const used = new Map<Country, number>();
  const newAddress = (country: Country) => {
    const count = (used.get(country) ?? 0) + 1;
    used.set(country, count);
    return `${countryNetblocks[country]}.${count >> 8}.${count & 255}`;
  };
  const parts = stack.move();
  return {
    work,
    certificates,
    key,
    signpost,
    port,
    hosts,
    settings,
    newAddress,
    hasNamedMirrors: mirrorHosts.length > 0,
    parts,
    async createPlace(name, country) {
      const place = parts.use(await startPlaceProxy(hosts, newAddress(country)));
      return { name, place, proxy: place.url, authority: certificates.authority };
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
