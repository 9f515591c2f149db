import type { RepositoryName, TagName } from '../../../oci/reference.ts';
import type { PublishedBlob, PublishedManifest, PublishedTag } from '../../../ports/publications.ts';
import type { Row } from '../database.ts';
import { digestFromColumn } from './digest-column.ts';

export function readTag(row: Row, repository: RepositoryName): PublishedTag {
  return {
    repository,
    tag: row.tag as TagName,
    list: digestFromColumn(row.list),
    requestSerial: Number(row.request_serial),
    expires: Number(row.expires),
  };
}

export function readManifest(row: Row, repository: RepositoryName): PublishedManifest {
  return {
    repository,
    digest: digestFromColumn(row.digest),
    mediaType: String(row.media_type),
    size: Number(row.size),
    ...(row.subject === null ? {} : { subject: digestFromColumn(row.subject) }),
    ...(row.artifact_type === null ? {} : { artifactType: row.artifact_type as string }),
    ...(row.annotations === null
      ? {}
      : { annotations: JSON.parse(row.annotations as string) as Readonly<Record<string, string>> }),
  };
}

export function readBlob(row: Row, repository: RepositoryName): PublishedBlob {
  return {
    repository,
    digest: digestFromColumn(row.digest),
    size: Number(row.size),
    serial: Number(row.serial),
  };
}
