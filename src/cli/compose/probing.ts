import { createMirrorProbe } from '../../adapters/mirror-probe.ts';
import type { Mirror } from '../../mirrors/mirror.ts';
import { pickNewestTarget, pickProbeTarget } from '../../registry/pick-probe-target.ts';
import type { RoutingSnapshot } from '../../registry/routing-snapshot.ts';
import type { Config } from '../config-schema.ts';
import { readNetblocks } from '../netblock-settings.ts';
import { version } from '../version.ts';

/**
 * What probing mirrors takes, whoever does it.
 * @throws SignpostError CONFIG_INVALID
 */
export function composeProbing(config: Config, snapshot: () => RoutingSnapshot | undefined) {
  return {
    probe: createMirrorProbe({
      registry: config.registry.name,
      contact: config.mirrors.contact,
      version,
      allowAddresses: readNetblocks('mirrors.allowAddresses', config.mirrors.allowAddresses),
      certificateAuthorities: config.mirrors.certificateAuthorities,
    }),
    settings: config.mirrors,
    pickTarget: (mirror: Mirror, serial: number) => {
      const current = snapshot();
      return current && pickProbeTarget(current, mirror, serial, Math.random());
    },
    pickNewest: (mirror: Mirror, above: number, upTo: number) => {
      const current = snapshot();
      return current && pickNewestTarget(current, mirror, { above, upTo }, Math.random());
    },
    treeSerial: () => snapshot()?.serial ?? 0,
  };
}
