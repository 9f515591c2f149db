import { eventually } from './eventually.ts';
import { type Access, type NginxMirror, startNginxMirror } from './nginx-mirror.ts';
import type { Serving } from './signpost.ts';
import { mirrorAddresses, mirrorHost, type World } from './world.ts';

/** Mirrors by name: each is nginx, in one country. */
export type StaticMirrors = ReadonlyMap<string, NginxMirror>;

/** Starts one nginx for each name, fills it and enters it. `countries` maps names to countries. */
export async function startStaticMirrors(
  world: World,
  countries: Readonly<Record<string, string>>,
): Promise<StaticMirrors> {
  const mirrors = new Map<string, NginxMirror>();
  for (const [name, country] of Object.entries(countries)) {
    const address = mirrorAddresses[mirrors.size] ?? '';
    const { work, certificates, signpost } = world;
    const mirror = world.parts.use(await startNginxMirror(work, { name, address, certificates }));
    await mirror.sync(signpost.tree);
    const url = new URL(mirror.url);
    if (world.hasNamedMirrors) {
      const host = mirrorHost(name);
      world.hosts.set(`${host}:${url.port}`, { address, port: Number(url.port) });
      url.hostname = host;
    }
    await signpost.must('mirror', 'add', name, url.origin, '--country', country);
    mirrors.set(name, mirror);
  }
  return mirrors;
}

/** Waits until the Mirror List sends clients to all of them. */
export async function untilAllAreIn(serving: Serving, names: Iterable<string>): Promise<void> {
  const wanted = [...names];
  await eventually(`mirrors ${wanted.join(', ')} are in`, 20_000, () => {
    const log = serving.log();
    return wanted.every(
      (name) =>
        log.findLast(({ mirror, event }) => mirror === name && /^mirror is (in|out)$/.test(event))?.event ===
        'mirror is in',
    );
  });
}

/** What clients, not probes, did at each mirror since the marks were taken. */
export function accessesSince(
  mirrors: StaticMirrors,
  marks: ReadonlyMap<string, number>,
): Map<string, readonly Access[]> {
  return new Map(
    [...mirrors].map(([name, mirror]) => [
      name,
      mirror
        .accesses()
        .slice(marks.get(name) ?? 0)
        .filter(({ agent }) => !agent.toLowerCase().startsWith('signpost')),
    ]),
  );
}

/** How long each access log is now. */
export function markAccesses(mirrors: StaticMirrors): Map<string, number> {
  return new Map([...mirrors].map(([name, mirror]) => [name, mirror.accesses().length]));
}
