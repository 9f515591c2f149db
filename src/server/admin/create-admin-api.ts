import { type Context, Hono } from 'hono';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { StoredToken } from '../../ports/tokens.ts';
import type { Gate } from './gate.ts';
import { describeApi } from './open-api.ts';
import { type ProblemAnswer, problem, problemOf } from './problem.ts';
import { readJsonBody } from './read-json-body.ts';
import type { Answer, Call, Route } from './route.ts';
import { visible } from '../../text/visible.ts';

export interface AdminApiDeps {
  readonly routes: readonly Route[];
  readonly gate: Gate;
  /** Whether a token with the role `mirror` is for the mirror of that name. */
  readonly ownsMirror: (token: StoredToken, name: string) => Promise<boolean>;
  readonly version: string;
  readonly clock: Clock & MonotonicClock;
  readonly log: Log;
}

/** What the listener knows of a request beside the request itself. */
export interface AdminEnv {
  /** The client's address, as far as it can be believed. */
  readonly address: string;
}

type AdminContext = Context<{ Bindings: AdminEnv; Variables: { bearer?: string } }>;

/** The management API, as a function from requests to answers. */
export function createAdminApi(deps: AdminApiDeps) {
  const { routes, gate, clock, log } = deps;
  const app = new Hono<{ Bindings: AdminEnv; Variables: { bearer?: string } }>({ strict: true });
  const document = JSON.stringify(describeApi(routes, deps.version));

  app.use(async (context, next) => {
    const started = clock.monotonic();
    const refused = gate.admit(context.env.address);
    if (refused === undefined) await next();
    else context.res = answerProblem(refused);
    context.res.headers.set('Cache-Control', 'no-store');
    context.res.headers.set('X-Content-Type-Options', 'nosniff');
    log.info('admin request', {
      method: context.req.method,
      path: context.req.path.slice(0, 300),
      status: context.res.status,
      token: context.get('bearer'),
      address: context.env.address,
      milliseconds: Math.round(clock.monotonic() - started),
    });
  });
  app.get('/openapi.json', () => answerJson(200, document));
  for (const route of routes) {
    app.on(route.method.toUpperCase(), honoPath(route.path), async (context) =>
      toResponse(await answer(deps, route, context)),
    );
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const allow = routes.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
    app.all(honoPath(path), () =>
      answerProblem({ ...problem(405, `use ${allow.join(' or ')}`), allow: allow.join(', ') }),
    );
  }
  app.notFound(() => answerProblem(problem(404, 'there is nothing here: /openapi.json says what there is')));
  app.onError((error) => {
    const told = problemOf(error);
    if (told.problem.status >= 500) log.error('an admin request failed', { error });
    return answerProblem(told);
  });
  return app;
}

async function answer(deps: AdminApiDeps, route: Route, context: AdminContext): Promise<Answer> {
  const { gate } = deps;
  const { req, env } = context;
  let token: StoredToken | undefined;
  const name = req.param('name');
  if (route.roles.length > 0) {
    const known = await gate.identify(env.address, req.header('authorization'), route.roles);
    if ('problem' in known) return known;
    token = known;
    context.set('bearer', token.id);
    // A mirror learns nothing of others, not even whether there is one of that name.
    if (token.role === 'mirror' && !(name !== undefined && (await deps.ownsMirror(token, name)))) {
      return gate.refuse(token);
    }
  }
  const call = await readCall(route, context);
  if ('problem' in call) return call;
  return route.handle({
    ...call,
    token,
    by: { who: token === undefined ? 'nobody' : `token ${token.id} (${token.label})`, at: deps.clock.now() },
  });
}

type Read = Pick<Call<unknown, unknown, unknown>, 'params' | 'query' | 'body' | 'ifMatch' | 'ifNoneMatch'>;

async function readCall(route: Route, { req }: AdminContext): Promise<Read | ProblemAnswer> {
  const params = parse(route.params, req.param(), 400, 'path');
  if ('problem' in params) return params;
  const query = parse(route.query, req.query(), 400, 'query');
  if ('problem' in query) return query;
  const ifMatch = req.header('if-match') ?? '';
  const ifNoneMatch = req.header('if-none-match') ?? '';
  if (route.needsIfMatch === true && ifMatch === '') {
    return problem(428, 'send the ETag of what you have seen as If-Match');
  }
  if (route.body === undefined) {
    return { params: params.value, query: query.value, body: undefined, ifMatch, ifNoneMatch };
  }
  const json = await readJsonBody(req.raw, route.bodyType ?? 'application/json');
  if ('problem' in json) return json;
  const body = parse(route.body, json.value, 422, 'body');
  if ('problem' in body) return body;
  return { params: params.value, query: query.value, body: body.value, ifMatch, ifNoneMatch };
}

const issuesTold = 5;

function parse(
  schema: Route['body'],
  value: unknown,
  status: 400 | 422,
  where: string,
): { readonly value: unknown } | ProblemAnswer {
  if (schema === undefined) return { value: {} };
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  const issues = result.error.issues.slice(0, issuesTold).map(({ path, message }) => {
    const place = [where, ...path.map(String)].join('.').slice(0, 200);
    return `${place}: ${message.slice(0, 300)}`;
  });
  return problem(status, issues.join('; '), 'USAGE');
}

function toResponse(answered: Answer): Response {
  if ('problem' in answered) return answerProblem(answered);
  const { status, body, bytes, etag, location } = answered;
  const headers = {
    ...(etag === undefined ? {} : { ETag: etag }),
    ...(location === undefined ? {} : { Location: location }),
  };
  if (bytes !== undefined) {
    const type = { 'Content-Type': 'application/octet-stream', 'Content-Length': String(bytes.size) };
    return new Response(ReadableStream.from(bytes.content), { status, headers: { ...headers, ...type } });
  }
  if (body === undefined) return new Response(null, { status, headers });
  return answerJson(status, visible(JSON.stringify(body)), headers);
}

function answerJson(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(text, { status, headers: { ...headers, 'Content-Type': 'application/json' } });
}

function answerProblem({ problem: told, retryAfter, allow }: ProblemAnswer): Response {
  return new Response(visible(JSON.stringify(told)), {
    status: told.status,
    headers: {
      'Content-Type': 'application/problem+json',
      ...(told.status === 401 ? { 'WWW-Authenticate': 'Bearer realm="signpost"' } : {}),
      ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
      ...(allow === undefined ? {} : { Allow: allow }),
    },
  });
}

/** `/mirrors/{name}` as Hono writes it: `/mirrors/:name`. */
function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
