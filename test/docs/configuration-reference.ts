import { z } from 'zod';
import { configSchema } from '../../src/cli/config/config-schema.ts';

/** A node of the JSON Schema that zod writes of the configuration. */
interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** docs/configuration.md, from the schema that reads the file: every setting, in one place. */
export function configurationReference(): string {
  const root = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as SchemaNode;
  return `# Configuration reference

One YAML file, named by \`--config\` or \`SIGNPOST_CONFIG\`; where neither is given, \`/etc/signpost/signpost.yaml\` is read if
it exists. Every setting has a default but those marked *required*, and unknown settings are refused. \`--data\` or \`SIGNPOST_DATA\` goes before the file's \`data\`. Relative paths are relative to
the file. \`[]\` stands for each entry of a list. This page is made from the code by \`npm run docs\`, and a test keeps the
two the same.

| Setting | Default | What it means |
| --- | --- | --- |
${rows(root, '').join('\n')}
`;
}

function rows(node: SchemaNode, path: string): readonly string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const here = path === '' ? name : `${path}.${name}`;
    const required = node.required?.includes(name) === true && child.default === undefined;
    const own = `| \`${here}\` | ${required ? '*required*' : formatDefault(child)} | ${describe(child)} |`;
    if (child.properties !== undefined)
      return [own.replace(/\| \*required\* \|/, '| |'), ...rows(child, here)];
    return child.items?.properties === undefined ? [own] : [own, ...rows(child.items, `${here}[]`)];
  });
}

function formatDefault(node: SchemaNode): string {
  if (node.default === undefined || node.properties !== undefined) return '';
  return `\`${JSON.stringify(node.default)}\``;
}

function describe(node: SchemaNode): string {
  const values =
    node.enum === undefined ? '' : ` One of ${node.enum.map((value) => `\`${value}\``).join(', ')}.`;
  const bounds =
    node.type === 'integer' && node.maximum !== undefined ? ` ${node.minimum ?? 0} to ${node.maximum}.` : '';
  return `${node.description ?? ''}${values}${bounds}`;
}
