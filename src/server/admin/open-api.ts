import { z } from 'zod';
import type { AnswerDescription, Route } from './route.ts';
import { type ProblemStatus, titleOf } from './problem.ts';
import { schemaNames } from './schemas/schema-names.ts';

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document of the routes. */
export function describeApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: describeOperation(route) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Signpost management API',
      version,
      description:
        'Mirrors and their states, what is published, and the snapshot that front ends follow. Errors are RFC 9457 documents.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'Made on the origin with "signpost token create".',
        },
      },
    },
  };
}

/** Every named schema, as JSON Schema 2020-12, referring to each other as OpenAPI wants it. */
function componentSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of schemaNames) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: referenceTo });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _dialect, $id: _id, ...schema }]) => [name, schema]),
  );
}

/** What any request can be answered with. */
const commonProblems: readonly ProblemStatus[] = [400, 429, 500, 503];
/** And any request that needs a token. */
const tokenProblems: readonly ProblemStatus[] = [401, 403];

function describeOperation(route: Route): Json {
  const { id, summary, description, roles, body, bodyType = 'application/json' } = route;
  const parameters = [
    ...describeParameters('path', route.params),
    ...describeParameters('query', route.query),
    ...(route.needsIfMatch === true ? [ifMatchParameter] : []),
    ...(route.takesIfNoneMatch === true ? [ifNoneMatchParameter] : []),
  ];
  const role = roles.length === 1 ? 'role' : 'roles';
  const who = roles.length === 0 ? 'Needs no token.' : `For the ${role} ${roles.join(', ')}.`;
  return {
    operationId: id,
    summary,
    description: description === undefined ? who : `${description} ${who}`,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { [bodyType]: { schema: refer(body) } } } }),
    security: roles.length === 0 ? [] : [{ token: [] }],
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, describeAnswer(answer)]),
      ),
      ...Object.fromEntries(problemsOf(route).map((status) => [status, describeProblem(status)])),
    },
  };
}

/** The problems that a route can answer with. */
function problemsOf(route: Route): readonly ProblemStatus[] {
  const all = [
    ...commonProblems,
    ...(route.roles.length === 0 ? [] : tokenProblems),
    ...(route.body === undefined ? [] : ([413, 415, 422] as const)),
    ...(route.needsIfMatch === true ? ([412, 428] as const) : []),
    ...(route.problems ?? []),
  ];
  return [...new Set(all)].sort((one, other) => one - other);
}

const ifMatchParameter: Json = {
  name: 'If-Match',
  in: 'header',
  required: true,
  description: "The ETag of the state that is changed, so that nobody else's change is overwritten.",
  schema: { type: 'string' },
};

const ifNoneMatchParameter: Json = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The ETag of what is there already, so that it is not sent again.',
  schema: { type: 'string' },
};

function describeParameters(place: 'path' | 'query', schema: z.ZodObject | undefined): readonly Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' }) as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: required.includes(name),
    description,
    schema: rest,
  }));
}

function describeAnswer({ description, schema, bytes, etag }: AnswerDescription): Json {
  return {
    description,
    ...(etag === true
      ? {
          headers: {
            ETag: {
              description: 'For If-Match and If-None-Match.',
              required: true,
              schema: { type: 'string' },
            },
          },
        }
      : {}),
    ...(schema === undefined ? {} : { content: { 'application/json': { schema: refer(schema) } } }),
    ...(bytes === true ? { content: { 'application/octet-stream': {} } } : {}),
  };
}

function describeProblem(status: ProblemStatus): Json {
  return {
    description: titleOf(status),
    ...(status === 429
      ? { headers: { 'Retry-After': { description: 'In seconds.', schema: { type: 'integer' } } } }
      : {}),
    content: { 'application/problem+json': { schema: { $ref: referenceTo('Problem') } } },
  };
}

function refer(schema: z.ZodType): Json {
  const name = schemaNames.get(schema);
  if (name === undefined) throw new TypeError('a schema of a route has no name');
  return { $ref: referenceTo(name) };
}

function referenceTo(name: string): string {
  return `#/components/schemas/${name}`;
}
