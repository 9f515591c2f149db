import { makePrivateFolder } from '../../adapters/atomic-file.ts';
import { openImageSource } from '../../adapters/source/open-image-source.ts';
import type { ImageSourceOptions } from '../../adapters/source/source-options.ts';
import type { ImageSourceName } from '../../oci/image-source-name.ts';
import type { TaggedReference } from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import type { Progress } from '../../ports/progress.ts';
import type { PublishOptions, PublishResult } from '../../publish/publish-image.ts';
import { publishSource } from '../../publish/publish-source.ts';
import type { Schema1Policy, Schema1Result } from '../../publish/take-schema1.ts';
import type { ProxyOption } from '../proxy-option.ts';
import { composeContent } from './content.ts';
import { composeProxies } from './proxies.ts';
import type { StorageConfig } from './storage.ts';

/** Copies one image into the staging area of `config`. */
export async function composePublish(
  config: StorageConfig,
  source: ImageSourceName,
  target: TaggedReference,
  options: PublishOptions &
    ProxyOption & {
      readonly schema1: Schema1Policy;
      readonly progress: Progress;
      readonly signal: AbortSignal;
      readonly source: Pick<ImageSourceOptions, 'credentialFiles' | 'tls'>;
    },
): Promise<PublishResult | Schema1Result> {
  const chooseProxy = composeProxies(options);
  await using content = await composeContent(config, 'publish');
  await using _held = await content.lock.acquire(contentLock);
  await makePrivateFolder(content.folders.temporary, 'owner');
  const opened = await openImageSource(
    source,
    {
      ...options.source,
      chooseProxy,
      temporaryFolder: content.folders.temporary,
      ...(options.platforms === undefined ? {} : { platforms: options.platforms }),
    },
    options.signal,
  );
  try {
    return await publishSource({ ...content, progress: options.progress }, opened, target, options);
  } finally {
    await opened.close();
  }
}
