import { createMirrorProbe } from '../../adapters/mirrors/mirror-probe.ts';
import type { MirrorProbe } from '../../ports/mirror-probe.ts';
import type { Mirror } from '../../mirrors/mirror.ts';
import { pickNewestTarget, pickProbeTarget } from '../../server/pull/pick-probe-target.ts';
import type { RoutingSnapshot } from '../../server/pull/routing-snapshot.ts';
import type { Config } from './config-schema.ts';
import { readNetblocks } from './netblock-settings.ts';
import { version } from '../terminal/version.ts';
import { proxyForStrangers } from './proxies.ts';

/** @throws SignpostError CONFIG_INVALID */
export function composeProbe({ registry, mirrors }: Config): MirrorProbe {
  return createMirrorProbe({
    registry: registry.name,
    contact: mirrors.contact,
    version,
    allowAddresses: readNetblocks('mirrors.allowAddresses', mirrors.allowAddresses),
    certificateAuthorities: mirrors.certificateAuthorities,
    chooseProxy: proxyForStrangers(mirrors),
  });
}

/** What probing mirrors takes, whoever does it. */
export function composeProbing(
  probe: MirrorProbe,
  settings: Config['mirrors'],
  snapshot: () => RoutingSnapshot | undefined,
) {
  return {
    probe,
    settings,
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
