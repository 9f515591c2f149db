import { Header, Pax, type types } from 'tar';

/** One entry, written exactly as told: hostile names, links and sizes are what tests need. */
export interface TarEntry {
  readonly path: string;
  readonly content?: Uint8Array | string;
  readonly type?: types.EntryTypeName;
  readonly linkpath?: string;
  /** The size that the header claims, in bytes, when it is to differ from the content's. */
  readonly size?: number;
  readonly mode?: number;
}

const block = 512;

/** A tar archive (ustar, pax for what does not fit) whose bytes depend on nothing but the entries. */
export function buildTar(entries: readonly TarEntry[], options: { readonly end?: boolean } = {}): Buffer {
  const end = options.end === false ? [] : [Buffer.alloc(2 * block)];
  return Buffer.concat([...entries.flatMap(encodeEntry), ...end]);
}

/** The same from file names and contents, folders first as tar writes them. */
export function buildTarOfFiles(files: Readonly<Record<string, Uint8Array | string>>): Buffer {
  return buildTar(Object.entries(files).map(([path, content]) => ({ path, content })));
}

function encodeEntry(entry: TarEntry): readonly Buffer[] {
  const content = Buffer.from(entry.content ?? '');
  const data = {
    path: entry.path,
    type: entry.type ?? 'File',
    size: entry.size ?? content.length,
    mode: entry.mode ?? (entry.type === 'Directory' ? 0o755 : 0o644),
    mtime: new Date(0),
    uid: 0,
    gid: 0,
    ...(entry.linkpath === undefined ? {} : { linkpath: entry.linkpath }),
  } as const;
  const header = new Header(data);
  const bytes = Buffer.alloc(block);
  const needsPax = header.encode(bytes, 0);
  const pax = needsPax ? [new Pax({ path: data.path, size: data.size, ...linkOf(entry) }).encode()] : [];
  return [...pax, bytes, content, Buffer.alloc((block - (content.length % block)) % block)];
}

function linkOf(entry: TarEntry): { linkpath?: string } {
  return entry.linkpath === undefined ? {} : { linkpath: entry.linkpath };
}
