import type { ChooseProxy } from '../http-client/choose-proxy.ts';
import { type Patience, usualPatience } from '../http-client/patience.ts';
import type { Platform } from '../../oci/platform.ts';

/** How to speak TLS to a registry. Everything that weakens it has to be asked for by name. */
export interface SourceTls {
  /** PEM files with certificate authorities trusted beside the usual ones. */
  readonly certificateAuthorities?: readonly string[];
  /** Takes any certificate. */
  readonly insecure?: boolean;
  /** Speaks HTTP without TLS, credentials included. */
  readonly plainHttp?: boolean;
}

/** How long a registry is waited for. Times in milliseconds. */
export interface SourcePatience extends Patience {
  /** For everything but blobs together, and for one of them: manifests, signatures, metadata and lists of them. */
  readonly smallAnswers: number;
}

/** Trying again after failures that may pass. Times in milliseconds. */
export interface SourceRetry {
  /** Requests in all before giving up, and times that one blob's stream is taken up again. */
  readonly attempts: number;
  /** The first pause; each further one is twice as long. */
  readonly pause: number;
  /** A registry that asks (Retry-After) for more patience than this has failed. */
  readonly longestPause: number;
}

/** What an archive may hold. Sizes in bytes. */
export interface ArchiveLimits {
  /** All of the archive after decompression. */
  readonly size: number;
  readonly entries: number;
}

/** What {@link openImageSource} is told beside the name. */
export interface ImageSourceOptions {
  /** An existing folder on a disk with room for an archive; a folder of its own is made in it and removed again. */
  readonly temporaryFolder: string;
  /** What will be chosen from the image: where a layout has several, it may say which of them is meant. */
  readonly platforms?: readonly Platform[];
  /** Files in the format of docker's config.json or containers' auth.json; the first that knows a host counts. */
  readonly credentialFiles?: readonly string[];
  readonly tls?: SourceTls;
  readonly patience?: Partial<SourcePatience>;
  /** Where the docker daemon listens, when that is not the usual place. */
  readonly dockerHost?: string | undefined;
  /** Without it registries are connected to directly. */
  readonly chooseProxy?: ChooseProxy;
  readonly retry?: Partial<SourceRetry>;
  readonly limits?: Partial<ArchiveLimits>;
}

/** The longest lists of all have 256 manifests: four a second is slow. */
export const defaultPatience: SourcePatience = { ...usualPatience, smallAnswers: 600_000 };
export const defaultRetry: SourceRetry = { attempts: 5, pause: 500, longestPause: 60_000 };
export const defaultLimits: ArchiveLimits = { size: 256 * 1024 ** 3, entries: 100_000 };
