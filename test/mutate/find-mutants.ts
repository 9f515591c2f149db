import { type Node, parseSync, Visitor } from 'oxc-parser';

/** One small change of a source text that a test should notice. */
export interface Mutant {
  /** Offset of the first replaced character, in UTF-16 units, and the one after the last. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** From 1. */
  readonly line: number;
  /** `< to <=`. */
  readonly change: string;
}

/** Comparisons lose or gain their boundary, or are turned around; sums become differences. */
const operators: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
};

/** Every mutant of a TypeScript source, in the order of the text. Throws what the parser says of broken source. */
export function findMutants(name: string, source: string): readonly Mutant[] {
  const { program, errors } = parseSync(name, source);
  if (errors.length > 0) throw new Error(`${name}: ${errors[0]?.message}`);
  const mutants: Mutant[] = [];
  const types = new Set<number>();
  const add = (start: number, end: number, replacement: string) => {
    const line = source.slice(0, start).split('\n').length;
    const change = `${clip(source.slice(start, end))} to ${clip(replacement)}`;
    mutants.push({ start, end, replacement, line, change });
  };
  const operator = (node: { readonly operator: string; readonly left: Node; readonly right: Node }) => {
    if (node.operator === '+' && [node.left, node.right].some(isText)) return;
    const start = source.indexOf(node.operator, node.left.end);
    for (const other of operators[node.operator] ?? []) add(start, start + node.operator.length, other);
  };
  new Visitor({
    BinaryExpression: operator,
    LogicalExpression: operator,
    UnaryExpression(node) {
      if (node.operator === '!') add(node.start, node.start + 1, '');
    },
    TSLiteralType(node) {
      types.add(node.literal.start);
    },
    Literal(node) {
      if (typeof node.value === 'boolean' && !types.has(node.start))
        add(node.start, node.end, String(!node.value));
    },
    IfStatement(node) {
      add(node.test.start, node.test.end, 'false');
    },
    ConditionalExpression(node) {
      add(node.test.start, node.test.end, `!(${source.slice(node.test.start, node.test.end)})`);
    },
  }).visit(program);
  return mutants.sort((a, b) => a.start - b.start);
}

function isText(node: Node): boolean {
  return node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string');
}

function clip(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line === '' ? 'nothing' : line.length > 60 ? `${line.slice(0, 57)}...` : line;
}
