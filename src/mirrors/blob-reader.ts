import { type ClientConnection, isAnotherMachine, rememberConnection } from './client-connection.ts';
import type { MirrorId } from './mirror.ts';

/** Which part of a blob is asked for: from the byte `start`, to the blob's end or to a byte that the client named. */
export interface AskedPart {
  readonly start: number;
  readonly toEnd: boolean;
}

/** One client's way with one blob. A crowd that cannot be told apart is one reader, too. */
export interface BlobReader {
  /** The mirrors of this round, in the order in which it was sent to them; a new array each time, since answers hold it. */
  tried: readonly MirrorId[];
  /** When it last asked, in milliseconds. */
  at: number;
  /** How often it asked from the beginning or again. */
  sends: number;
  connections: readonly ClientConnection[];
  /** The starts of the parts that it asked for since it was last sent elsewhere; undefined when it asked for the whole. */
  starts: readonly number[] | undefined;
  /** When the origin last helped. */
  originAt: number;
}

/** How many starts are remembered: what fails is asked for again before many others are. The first is always kept. */
const rememberedStarts = 32;
/** Programs that read in parts begin them at multiples of this; where a transfer breaks off, one in so many is. In bytes. */
const partGrid = 512;

export interface ReaderRequest {
  readonly part?: AskedPart | undefined;
  readonly connection?: ClientConnection | undefined;
  readonly now: number;
}

/** Of the readers behind one address, the one that this request comes from; undefined for a new one. */
export function findReader(readers: readonly BlobReader[], request: ReaderRequest): BlobReader | undefined {
  const { connection, part } = request;
  const known =
    connection === undefined ? undefined : readers.find((reader) => reader.connections.includes(connection));
  if (known !== undefined) return known;
  // A part from the middle is a reader's next, over another of its connections, or a resume.
  const candidates = isFromStart(part)
    ? readers.filter((reader) => !isAnotherMachine(connection, reader.connections))
    : readers;
  return latest(candidates.filter((reader) => isNextPart(reader, part))) ?? latest(candidates);
}

/**
 * Whether the request is for the next of several parts, none of which says that a mirror failed: containerd's parallel
 * fetch asks for `bytes=N-` with every multiple of its chunk, and hangs up after a chunk; a reader of zstd:chunked
 * asks for pieces here and there, and says where each ends. The same start again, or one to the end from where a
 * transfer broke off, is a request that comes again.
 */
export function isNextPart({ starts }: BlobReader, part: AskedPart | undefined): boolean {
  if (part === undefined || starts === undefined || starts.includes(part.start)) return false;
  return !part.toEnd || (part.start - (starts[0] ?? 0)) % partGrid === 0;
}

/** Whether it may be that the reader is several machines, or another than the one that asks. */
export function isUncertain(reader: BlobReader, connection: ClientConnection | undefined): boolean {
  if (connection === undefined || reader.connections.includes(connection)) return false;
  return reader.connections.some((one) => one.isOpen);
}

export function newReader(mirror: MirrorId, { part, connection, now }: ReaderRequest): BlobReader {
  return {
    tried: [mirror],
    at: now,
    sends: 1,
    connections: rememberConnection([], connection),
    starts: part === undefined ? undefined : [part.start],
    originAt: -Infinity,
  };
}

/**
 * Notes that the reader was sent to `mirror`.
 * @param roundLength after how many mirrors a new round begins
 */
export function noteSent(
  reader: BlobReader,
  mirror: MirrorId,
  request: ReaderRequest,
  roundLength: number,
): void {
  const { part, connection, now } = request;
  const isNext = isNextPart(reader, part);
  reader.connections = rememberConnection(reader.connections, connection);
  reader.at = now;
  if (isNext && part !== undefined) {
    const [first = part.start, ...others] = reader.starts ?? [];
    reader.starts = [first, ...others.slice(-(rememberedStarts - 2)), part.start];
    if (reader.tried.at(-1) === mirror) return;
  } else {
    reader.starts = part === undefined ? undefined : [part.start];
    reader.sends += 1;
  }
  const again = reader.tried.length >= roundLength || reader.tried.includes(mirror);
  reader.tried = again ? [mirror] : [...reader.tried, mirror];
}

function isFromStart(part: AskedPart | undefined): boolean {
  return part === undefined || (part.start === 0 && part.toEnd);
}

function latest(readers: readonly BlobReader[]): BlobReader | undefined {
  let found: BlobReader | undefined;
  for (const reader of readers) if (found === undefined || reader.at >= found.at) found = reader;
  return found;
}
