import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { createAdminApi } from '../../src/server/admin/create-admin-api.ts';
import { createGate } from '../../src/server/admin/gate.ts';
import { describeApi } from '../../src/server/admin/open-api.ts';
import type { Route } from '../../src/server/admin/route.ts';
import { createRoutes } from '../../src/server/admin/routes.ts';
import { makeToken } from '../../src/server/admin/token-text.ts';
import type { Mirror, MirrorId } from '../../src/mirrors/mirror.ts';
import type { MirrorState } from '../../src/mirrors/mirror-state.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parseRepositoryName, parseTagName } from '../../src/oci/reference.ts';
import type { StatisticsQuery } from '../../src/ports/statistics.ts';
import type { StoredToken } from '../../src/ports/tokens.ts';
import { author } from './author.ts';
import { createMemoryAuditLog } from './memory-audit-log.ts';
import { createMemoryMirrorHistory } from './memory-mirror-history.ts';
import { createMemoryMirrorRegistry } from './memory-mirror-registry.ts';
import { createMemoryPublicationRecord } from './memory-publication-record.ts';
import { createMemorySnapshotStore } from './memory-snapshot-store.ts';
import { createMemoryTokens } from './memory-tokens.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
  /** What came when it was no JSON. */
  readonly bytes: Buffer;
}

export interface AdminAsk {
  readonly token?: string;
  /** Sent as JSON, unless it is text already. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly address?: string;
}

const start = Date.UTC(2026, 0, 10, 12);

/** The management API on storage in memory. Every answer is held against the OpenAPI document. */
export function createAdminWorld(settings: { readonly requestsPerMinute?: number } = {}) {
  const clock = { time: start, now: () => clock.time, monotonic: () => clock.time };
  const audit = createMemoryAuditLog();
  /** Apart from the record that the tests look at. */
  const tokens = createMemoryTokens();
  const registry = createMemoryMirrorRegistry(audit);
  const states = new Map<MirrorId, MirrorState>();
  const history = createMemoryMirrorHistory();
  const reports: { readonly mirror: string; readonly serial: number | undefined }[] = [];
  const offered = createMemorySnapshotStore();
  const errors: unknown[] = [];
  const asked: StatisticsQuery[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (_event: string, fields: Readonly<Record<string, unknown>> = {}) => errors.push(fields.error),
  };
  const list = digestOf('list');
  const [repository, tag] = [parseRepositoryName('fedora/base'), parseTagName('41')];
  const published = { repository, tag, list, requestSerial: 7, expires: start + 86_400_000 };
  const routes = createRoutes({
    registry,
    states: async () => states,
    history,
    allowed: () => ({ mirrors: [], webhooks: [] }),
    refusalOf: async (url) => (url.includes('inside') ? 'inside.example leads to 10.0.0.1' : undefined),
    pause: () => Promise.resolve(),
    record: createMemoryPublicationRecord([{ tags: [published], manifests: [], blobs: [] }]),
    staged: { list: async () => [{ repository, tag, list, staged: start }] },
    audit,
    statistics: { sum: async (query) => (asked.push(query), [{ of: 'DE', pulls: 3, blobs: 2, bytes: 1 }]) },
    propagation: { list: async () => [{ serial: 1, at: start, holding: 2, mirrors: 3 }] },
    snapshotOffer: offered,
    clock,
    serial: () => 1,
    version: '1.2.3',
    webhookSecretOf: (id) => `secret of ${id}`,
    checkedAt: () => clock.time,
    report: (mirror: Mirror, serial) => {
      reports.push({ mirror: mirror.name, serial });
      return { at: clock.time, checked: true, serial: states.get(mirror.id)?.serial ?? 0 };
    },
  });
  const app = createAdminApi({
    routes,
    gate: createGate({ tokens, clock, requestsPerMinute: settings.requestsPerMinute ?? 100_000 }),
    ownsMirror: async (token, name) =>
      (await registry.list()).some((mirror) => mirror.id === token.mirror && mirror.name === name),
    version: '1.2.3',
    clock,
    log,
  });
  const check = createAnswerCheck(routes);

  return {
    app,
    clock,
    tokens,
    audit,
    registry,
    states,
    history,
    reports,
    offered,
    errors,
    asked,
    routes,
    /** Keeps a token and gives its text. */
    async issue(changes: Partial<StoredToken> = {}): Promise<string> {
      const { id, hash, text } = makeToken(randomBytes(40));
      const token = {
        id,
        hash,
        role: 'operator',
        label: 'Ada',
        created: start,
        expires: start + 1e9,
      } as const;
      await tokens.add({ ...token, ...changes }, 0, author);
      return text;
    },
    async ask(method: string, path: string, ask: AdminAsk = {}): Promise<AdminAnswer> {
      const { token, body, headers = {}, address = '192.0.2.1' } = ask;
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const init: RequestInit = {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': type }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      };
      const response = await app.request(path, init, { address });
      const bytes = Buffer.from(await response.arrayBuffer());
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      const answer = {
        status: response.status,
        headers: response.headers,
        body: isJson ? (JSON.parse(bytes.toString()) as Readonly<Record<string, unknown>>) : {},
        bytes,
      };
      check(method, path, answer);
      return answer;
    },
  };
}

export type AdminWorld = ReturnType<typeof createAdminWorld>;

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: { $ref: string } }>> }>
  >;
}

/** Asserts that an answer is one that the OpenAPI document tells of. */
export function createAnswerCheck(routes: readonly Route[]) {
  const document = JSON.stringify(describeApi(routes, '1'));
  const { paths, components } = JSON.parse(document.replaceAll('#/components/schemas/', '#/$defs/')) as {
    paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    components: { readonly schemas: Readonly<Record<string, unknown>> };
  };
  const read = (reference: string) =>
    z.fromJSONSchema({ $ref: reference, $defs: components.schemas } as never);
  return (method: string, path: string, { status, headers, body, bytes }: AdminAnswer) => {
    const bare = path.split('?', 1)[0] ?? '';
    const pattern = Object.keys(paths).find((known) =>
      new RegExp(`^${known.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare),
    );
    const operation = pattern === undefined ? undefined : paths[pattern]?.[method.toLowerCase()];
    const type = headers.get('content-type') ?? '';
    if (operation === undefined) {
      if (bare === '/openapi.json') return;
      assert.ok(status === 404 || status === 405 || status === 429, `${method} ${path}: ${status}`);
      assert.doesNotThrow(() => read('#/$defs/Problem').parse(body));
      return;
    }
    const told = operation.responses[status];
    assert.ok(
      told !== undefined,
      `${method} ${path} answered ${status}, of which the document does not tell`,
    );
    if (told.content === undefined) {
      assert.equal(bytes.length, 0);
      return;
    }
    const content = told.content[type];
    assert.ok(content !== undefined, `${method} ${path} answered ${status} as ${type}`);
    if (content.schema === undefined) return;
    const result = read(content.schema.$ref).safeParse(body);
    assert.ok(
      result.success,
      `${method} ${path} ${status}: ${result.error?.message} ${JSON.stringify(body)}`,
    );
  };
}
