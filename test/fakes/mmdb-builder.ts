import { type Netblock, wordsOf } from '../../src/net/address.ts';

type Value = string | number | { readonly [key: string]: Value };

/**
 * A MaxMind DB (format 2.0) whose netblocks have these records; of nested netblocks the longest counts. Whole numbers
 * become uint32, others doubles.
 */
export function buildMmdb(
  records: readonly { readonly netblock: Netblock; readonly record: Value }[],
  options: { readonly ipVersion?: 4 | 6; readonly metadata?: Readonly<Record<string, Value>> } = {},
): Buffer {
  const ipVersion = options.ipVersion ?? 6;
  const data = records.map(({ record }) => encode(record));
  const offsets = data.map((_, at) => data.slice(0, at).reduce((sum, { length }) => sum + length, 0));
  const nodes: Node[] = [{ left: undefined, right: undefined }];
  const byLength = [...records.entries()].toSorted(
    ([, one], [, other]) => one.netblock.length - other.netblock.length,
  );
  for (const [at, { netblock }] of byLength) insert(nodes, bitsOf(netblock, ipVersion), at);
  const separatorSize = 16;
  const pointer = (child: Node['left']) => {
    if (child === undefined) return nodes.length;
    return child.kind === 'node' ? child.at : nodes.length + separatorSize + (offsets[child.at] ?? 0);
  };
  const tree = Buffer.alloc(nodes.length * 8);
  for (const [at, node] of nodes.entries()) {
    tree.writeUInt32BE(pointer(node.left), at * 8);
    tree.writeUInt32BE(pointer(node.right), at * 8 + 4);
  }
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_750_000_000,
    database_type: 'Test',
    ip_version: ipVersion,
    node_count: nodes.length,
    record_size: 32,
    ...options.metadata,
  });
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
  return Buffer.concat([tree, Buffer.alloc(separatorSize), ...data, marker, metadata]);
}

type Child = { readonly kind: 'node' | 'record'; readonly at: number } | undefined;
interface Node {
  left: Child;
  right: Child;
}

function insert(nodes: Node[], bits: readonly boolean[], record: number): void {
  let node = nodes[0];
  for (const [depth, bit] of bits.entries()) {
    if (node === undefined) return;
    const side = bit ? 'right' : 'left';
    const child = node[side];
    if (depth === bits.length - 1) {
      node[side] = { kind: 'record', at: record };
    } else if (child?.kind === 'node') {
      node = nodes[child.at];
    } else {
      // A shorter netblock's record goes down to both halves.
      node[side] = { kind: 'node', at: nodes.length };
      node = { left: child, right: child };
      nodes.push(node);
    }
  }
}

function bitsOf({ family, address, length }: Netblock, ipVersion: 4 | 6): boolean[] {
  const { a, b, c, d } = wordsOf(address);
  const bits = (family === 4 ? [a] : [a, b, c, d]).flatMap((word) =>
    Array.from({ length: 32 }, (_, at) => ((word >>> (31 - at)) & 1) === 1),
  );
  const skipped = family === 4 && ipVersion === 6 ? Array.from({ length: 96 }, () => false) : [];
  return [...skipped, ...bits.slice(0, length)];
}

/** "Output Data Section": a control byte with type and size, then the payload. */
function encode(value: Value): Buffer {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    return Buffer.concat([control(2, bytes.length), bytes]);
  }
  if (typeof value === 'number') return encodeNumber(value);
  const entries = Object.entries(value);
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([key, inner]) => [encode(key), encode(inner)]),
  ]);
}

function encodeNumber(value: number): Buffer {
  const isWhole = Number.isInteger(value) && value >= 0;
  const bytes = Buffer.alloc(isWhole ? 4 : 8);
  if (isWhole) bytes.writeUInt32BE(value);
  else bytes.writeDoubleBE(value);
  return Buffer.concat([control(isWhole ? 6 : 3, bytes.length), bytes]);
}

function control(type: number, size: number): Buffer {
  if (size > 28) throw new RangeError('this builder writes values of at most 28 bytes or entries');
  return Buffer.from([(type << 5) | size]);
}
