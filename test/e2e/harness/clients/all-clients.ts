import type { PlaceProxy } from '../place-proxy.ts';
import type { World } from '../world.ts';
import { startContainerdClient } from './containerd-client.ts';
import { startDockerClient } from './docker-client.ts';
import { createPodmanClient } from './podman-client.ts';
import type { PullClient } from './pull-client.ts';
import { createSkopeoClient } from './skopeo-client.ts';

/** A client and the place where it is. */
export interface PlacedClient {
  readonly client: PullClient;
  readonly place: PlaceProxy;
}

export const clientNames = ['docker', 'containerd', 'podman', 'skopeo'] as const;
export type ClientName = (typeof clientNames)[number];

/** Starts a client at a place of its own; the world ends it. */
export async function startClient(world: World, name: ClientName): Promise<PlacedClient> {
  const setting = await world.createPlace(name, 'DE');
  return { client: world.parts.use(await start(world, name, setting)), place: setting.place };
}

function start(world: World, name: ClientName, setting: Parameters<typeof startDockerClient>[1]) {
  switch (name) {
    case 'docker':
      return startDockerClient(world.work, setting);
    case 'containerd':
      return startContainerdClient(world.work, setting);
    case 'podman':
      return createPodmanClient(world.work, setting);
    case 'skopeo':
      return createSkopeoClient(world.work, setting);
  }
}
