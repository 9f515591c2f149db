import type { CommandResult } from '../command.ts';

export interface PullOptions {
  /** `linux/arm64`; without it the client takes its own. */
  readonly platform?: string;
  /** Milliseconds after which the pull is interrupted. */
  readonly timeout?: number;
}

/** A stock client, isolated: its own storage, its own settings, its own place. */
export interface PullClient extends AsyncDisposable {
  readonly name: 'docker' | 'containerd' | 'podman' | 'skopeo';
  pull(reference: string, options?: PullOptions): Promise<CommandResult>;
  /** The digest of the config that a pulled reference has in this client's storage: what it takes for the image. */
  configDigest(reference: string): Promise<string>;
  /** A file of a pulled image, as this client would show it to a container: its path on the host. */
  takeFile(reference: string, path: string, platform?: string): Promise<string>;
  /** Starts its daemon anew, where the daemon is what pulls. */
  restart?(): Promise<void>;
  /** Forgets everything it has pulled. */
  forget(): Promise<void>;
}

/** How a client reaches the world: from a place, trusting one certificate authority. */
export interface ClientSetting {
  /** Unique: folders and logs are named for it. */
  readonly name: string;
  readonly proxy: string;
  readonly authority: string;
}

/** The environment that puts a Go program at its place. */
export function placeEnvironment(setting: ClientSetting): Record<string, string> {
  return {
    HTTPS_PROXY: setting.proxy,
    HTTP_PROXY: setting.proxy,
    SSL_CERT_FILE: setting.authority,
    // An empty folder: the system's own authorities are not trusted.
    SSL_CERT_DIR: '/nonexistent',
  };
}
