import { createAdminWorld } from '../fakes/admin-world.ts';
import { describeApi } from '../../src/server/admin/open-api.ts';

interface Schema {
  readonly description?: string;
  readonly type?: string;
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly additionalProperties?: unknown;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly description?: string;
  readonly required: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Record<string, { schema?: Schema }> }>
  >;
}

/** docs/api.md, from the OpenAPI document. */
export function apiReference(): string {
  const { paths, components } = describeApi(createAdminWorld().routes, '0') as {
    paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    components: { readonly schemas: Readonly<Record<string, Schema>> };
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => describeOperation(method, path, operation)),
  );
  const schemas = Object.entries(components.schemas).map(([name, schema]) => describeSchema(name, schema));
  return `# Management API

[managing.md](managing.md) says how to turn it on and how to get a token. A server gives this description for programs at
\`/openapi.json\` (OpenAPI 3.1). Errors are \`application/problem+json\` (RFC 9457). This page is made from the code by
\`npm run docs\`, and a test keeps the two the same.

## Operations

${operations.join('\n')}
## Schemas

${schemas.join('\n')}`;
}

function describeOperation(method: string, path: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema }]) => `Body: ${typeOf(schema)} as \`${type}\`.\n\n`,
  );
  const rows = parameters.map(
    ({ name, in: place, required, description: what = '', schema }) =>
      `| \`${name}\` | ${place}${required ? '' : ', optional'} | ${typeOf(schema)} | ${what} |\n`,
  );
  const table =
    rows.length === 0
      ? ''
      : `| Parameter | In | Type | What |\n| --- | --- | --- | --- |\n${rows.join('')}\n`;
  const good = Object.entries(responses).filter(([status]) => Number(status) < 400);
  const bad = Object.keys(responses).filter((status) => Number(status) >= 400);
  const answers = good.map(([status, { content }]) => {
    const [body] = Object.entries(content ?? {});
    if (body === undefined) return status;
    const [type, { schema }] = body;
    return `${status} with ${schema === undefined ? `\`${type}\`` : typeOf(schema)}`;
  });
  return `### ${method.toUpperCase()} ${path}

${summary}. ${description}

${bodies.join('')}${table}Answers: ${answers.join(', ')}. Errors: ${bad.join(', ')}.
`;
}

function describeSchema(name: string, schema: Schema): string {
  const { description = '', properties = {}, required = [] } = schema;
  const rows = Object.entries(properties).map(
    ([key, property]) =>
      `| \`${key}\` | ${typeOf(property)}${required.includes(key) ? '' : ', optional'} | ${property.description ?? ''} |\n`,
  );
  return `### ${name}\n\n${description}\n\n| Property | Type | What |\n| --- | --- | --- |\n${rows.join('')}`;
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.items !== undefined) return `array of ${typeOf(schema.items)}`;
  if (schema.properties !== undefined) {
    const inner = Object.entries(schema.properties).map(([key, property]) => `${key}: ${typeOf(property)}`);
    return `{ ${inner.join(', ')} }`;
  }
  return schema.format ?? schema.type ?? 'anything';
}
