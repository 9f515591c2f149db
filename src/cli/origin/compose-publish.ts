import { refuseOldDatabase } from '../../origin/accept/place-publication.ts';
import { makePrivateFolder } from '../../adapters/files/atomic-file.ts';
import { openImageSource } from '../../adapters/source/open-image-source.ts';
import type { ImageSourceOptions } from '../../adapters/source/source-options.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageSourceName } from '../../oci/image-source-name.ts';
import type { TaggedReference } from '../../oci/reference.ts';
import type { ImageSource } from '../../ports/image-source.ts';
import { contentLock } from '../../ports/lock.ts';
import type { Progress } from '../../ports/progress.ts';
import type { PublishResult } from '../../origin/publish/publish-image.ts';
import type { PublishOptions } from '../../origin/publish/publish-options.ts';
import { publishSource, publishSources } from '../../origin/publish/publish-source.ts';
import type { Schema1Policy, Schema1Result } from '../../origin/publish/take-schema1.ts';
import { type WaitOptions, waitForPublication } from '../../origin/publish/wait-for-publication.ts';
import type { ProxyOption } from '../terminal/proxy-option.ts';
import { composeContent } from '../records/content.ts';
import { composeProxies } from '../config/proxies.ts';
import type { StorageConfig } from '../records/postgres-storage.ts';

/** Copies what one source has, or several as one image, into the staging area of `config`. */
export async function composePublish(
  config: StorageConfig,
  names: readonly ImageSourceName[],
  target: TaggedReference,
  options: PublishOptions &
    ProxyOption & {
      readonly schema1: Schema1Policy;
      readonly progress: Progress;
      readonly signal: AbortSignal;
      readonly source: Pick<ImageSourceOptions, 'credentialFiles' | 'tls' | 'dockerHost'>;
    },
): Promise<PublishResult | Schema1Result> {
  const chooseProxy = composeProxies(options);
  await using content = await composeContent(config, 'publish');
  await using _held = await content.lock.acquire(contentLock);
  await refuseOldDatabase(content);
  await makePrivateFolder(content.folders.temporary, 'owner');
  const settings = { ...options.source, chooseProxy, temporaryFolder: content.folders.temporary };
  await using sources = new AsyncDisposableStack();
  const opened: ImageSource[] = [];
  for (const name of names) {
    // Of several sources each has only some of the platforms.
    const platforms = names.length === 1 ? { platforms: options.platforms ?? [] } : {};
    const source = await openImageSource(name, { ...settings, ...platforms }, options.signal);
    sources.defer(() => source.close());
    opened.push(source);
  }
  const deps = { ...content, progress: options.progress };
  const [first, second] = opened;
  if (first !== undefined && second === undefined) return await publishSource(deps, first, target, options);
  return await publishSources(deps, opened, target, options);
}

/** Milliseconds. */
const waiting = { interval: 2000, timeout: 24 * 3600_000 };

/** Waits until a staged image is published. */
export async function composeWait(
  config: StorageConfig,
  target: TaggedReference,
  list: Digest,
  options: Pick<WaitOptions, 'signal' | 'onReason'>,
): Promise<void> {
  await using content = await composeContent(config, 'publish');
  await waitForPublication(content, target, list, { ...waiting, ...options });
}
