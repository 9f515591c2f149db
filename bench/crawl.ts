import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileTreeReader } from '../src/adapters/tree/file-tree-reader.ts';
import { createSystemClock } from '../src/adapters/time/system-clock.ts';
import { createMirrorProbe } from '../src/adapters/mirrors/mirror-probe.ts';
import { type CrawledMirror, type CrawlDeps, crawlOnce } from '../src/server/probe/crawl-once.ts';
import { createCertificateAuthority } from '../demo/certificates.ts';
import { formatPublicationMarker } from '../src/tree/publication-marker.ts';
import type { Mirror, MirrorId } from '../src/mirrors/mirror.ts';
import { parseNetblock } from '../src/net/netblock.ts';
import { digestOf } from '../src/oci/digest.ts';
import { parseRepositoryName } from '../src/oci/reference.ts';
import type { ProbeTarget } from '../src/ports/mirror-probe.ts';
import type { StoredMirrorState } from '../src/ports/mirror-states.ts';
import { startNginx } from './nginx.ts';
import { report } from './report.ts';

const count = 1000;
const day = 86_400_000;
const httpPort = 18_090;
const tlsPort = 18_453;
const repository = parseRepositoryName('bench/image');

/**
 * Crawls 1,000 mirrors: one nginx on as many loopback addresses, each with a certificate of its own. The first round knows
 * nothing of them; in the others nothing has changed. The crawler and nginx share the machine's cores.
 */
export async function benchCrawl(folder: string, { rounds }: { readonly rounds: number }): Promise<void> {
  const tree = join(folder, 'crawl-tree');
  const blobs = placeBlobs(tree);
  const addresses = Array.from({ length: count }, (_, index) => `127.7.${index >> 8}.${index & 255}`);
  const certificates = join(folder, 'crawl-certificates');
  const authority = await issueAll(certificates, addresses);
  await using nginx = await startNginx(
    join(folder, 'crawl-nginx'),
    httpPort,
    0,
    `listen *:${tlsPort} ssl;
    ssl_certificate ${certificates}/$server_addr.pem;
    ssl_certificate_key ${certificates}/$server_addr.key;
    root ${tree};`,
  );
  const deps: CrawlDeps = {
    probe: createMirrorProbe({
      registry: 'bench.example.org',
      version: '0',
      allowAddresses: [parseNetblock('127.0.0.0/8')],
      certificateAuthorities: [authority],
    }),
    tree: createFileTreeReader(tree),
    clock: createSystemClock(),
    settings: {
      probeTimeout: 5000,
      probeInterval: 2000,
      idleProbeInterval: 300_000,
      recoveryInterval: 2000,
      wholeBlobInterval: day,
      certificateWarning: day,
      hourlyRequests: 4000,
      hourlyBytes: 1024 ** 3,
    },
    pickTarget: () => blobs[Math.floor(Math.random() * blobs.length)],
    pickNewest: (_mirror, above) => (above < 1 ? blobs[Math.floor(Math.random() * blobs.length)] : undefined),
    treeSerial: () => 1,
  };
  const mirrors = addresses.map(describeMirror);
  let known: ReadonlyMap<MirrorId, StoredMirrorState> = new Map();
  for (let round = 0; round <= rounds; round += 1) {
    const [began, own, its] = [performance.now(), process.cpuUsage(), cpuOf(nginx.pid)];
    const crawled = await crawlOnce(deps, mirrors, known, {
      full: false,
      parallel: 64,
      signal: new AbortController().signal,
    });
    const { user, system } = process.cpuUsage(own);
    known = new Map(crawled.map(({ mirror, state }) => [mirror.id, state]));
    const figures = [
      `${seconds(performance.now() - began)} s`,
      `${seconds((user + system) / 1000)} s of CPU`,
      `nginx ${seconds(cpuOf(nginx.pid) - its)} s of CPU`,
      describeCost(crawled),
    ];
    const title = round === 0 ? 'crawl of 1,000 mirrors, first' : 'crawl of 1,000 mirrors, nothing changed';
    report(title, figures.join(', '));
  }
}

function describeCost(crawled: readonly CrawledMirror[]): string {
  const out = crawled.filter(({ state }) => !state.healthy);
  if (out.length > 0) throw new Error(`${out.length} mirrors are out: ${out[0]?.state.reason}`);
  const sum = (of: (mirror: CrawledMirror) => number) =>
    crawled.reduce((total, mirror) => total + of(mirror), 0) / crawled.length;
  const kibibytes = sum(({ bytes }) => bytes) / 1024;
  return `${sum(({ requests }) => requests).toFixed(1)} requests and ${kibibytes.toFixed(0)} KiB a mirror`;
}

function placeBlobs(tree: string): readonly ProbeTarget[] {
  const folder = join(tree, 'v2', repository, 'blobs');
  mkdirSync(folder, { recursive: true });
  const marker = { serial: 1, contents: { digest: digestOf(''), size: 0 } };
  writeFileSync(join(tree, 'publication.json'), formatPublicationMarker(marker));
  return Array.from({ length: 100 }, () => {
    const bytes = randomBytes(256 * 1024);
    const digest = digestOf(bytes);
    writeFileSync(join(folder, digest), bytes);
    return { repository, digest, size: bytes.length };
  });
}

async function issueAll(folder: string, addresses: readonly string[]): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const validity = { notBefore: Date.now() - day, notAfter: Date.now() + 30 * day };
  const authority = await createCertificateAuthority('bench', validity);
  for (const address of addresses) {
    const { certificate, key } = await authority.issue([address], validity);
    writeFileSync(join(folder, `${address}.pem`), certificate);
    writeFileSync(join(folder, `${address}.key`), key);
  }
  const file = join(folder, 'authority.pem');
  writeFileSync(file, authority.certificate);
  return file;
}

function describeMirror(address: string, index: number): Mirror {
  return {
    id: (index + 1) as MirrorId,
    name: `mirror-${index}`,
    kind: 'public',
    urls: [`https://${address}:${tlsPort}`],
    country: 'DE',
    asns: [],
    netblocks: [],
    weight: 100,
    repositories: [],
    onlyCountries: [],
    exceptCountries: [],
    enabled: true,
    approved: true,
  };
}

/** CPU time of a process and of its children, in milliseconds, at 100 ticks a second. */
function cpuOf(pid: number): number {
  const childrenOf = `/proc/${pid}/task/${pid}/children`;
  const children = readFileSync(childrenOf, 'utf8').split(' ').filter(Boolean).map(Number);
  return [pid, ...children].reduce((sum, each) => {
    const fields = readFileSync(`/proc/${each}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * 10;
  }, 0);
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
