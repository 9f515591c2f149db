import { stringify } from 'yaml';
import { demoAddress, demoMirrors, type DemoPaths } from './demo-world.ts';

/** What a demo is asked to be. */
export interface DemoSetup {
  /** Host and port under which clients pull. */
  readonly registry: string;
  readonly port: number;
  /** The country that clients on this machine count as being in. ISO 3166-1 alpha-2. */
  readonly country: string;
}

/** The configuration file of the demo, as an operator would write it. */
export function writeDemoConfig(setup: DemoSetup, paths: DemoPaths): string {
  const settings = {
    data: paths.data,
    registry: {
      name: setup.registry,
      listen: [
        { address: demoAddress, port: setup.port, tls: { certificate: paths.certificate, key: paths.key } },
      ],
    },
    repositories: [{ match: 'demo/*', keys: [paths.publicKey] }],
    mirrors: {
      // Probes refuse loopback addresses unless they are told; here every mirror has one.
      allowAddresses: ['127.0.0.0/8'],
      certificateAuthorities: [paths.authority],
      // Every client of the demo has the same address: one that pulls after another must not be taken for one that
      // asks again because its mirror failed.
      retryWindow: '4s',
    },
    places: {
      overrides: [
        { netblock: '127.0.0.0/8', country: setup.country },
        ...demoMirrors.map(({ clients, country }) => ({ netblock: clients, country })),
      ],
    },
  };
  return stringify(settings);
}
