// Lays out the text of `--help`.
import { describeType, flagAliases, flagName } from './flag-spec.ts';
import type { FlagSpec, FlagSpecs, PositionalSpec } from './flag-spec.ts';

/** What `--help` shows. */
export interface CommandDescription<S extends FlagSpecs = FlagSpecs> {
  /** As it is typed: `pnpm train`. */
  name: string;
  /** One sentence. */
  summary: string;
  /** The words after the name; made from the flags when absent. */
  usage?: string;
  flags: S;
  positionals?: PositionalSpec;
  /** Paragraphs below the flags: notes and examples. */
  notes?: readonly string[];
}

/** The help text, wrapped to `columns`; ends without a newline. */
export function formatHelp(command: CommandDescription, columns = 100): string {
  const { name, summary, positionals, flags, notes = [] } = command;
  const words = positionals ? ` <${positionals.name}${(positionals.max ?? 2) > 1 ? '…' : ''}>` : '';
  const usage = command.usage ?? `${words} [flags]`.trim();
  const rows = Object.entries(flags).map(([key, spec]) => [flagSyntax(key, spec), flagText(spec)] as const);
  if (positionals) rows.unshift([`<${positionals.name}>`, positionals.describe]);
  rows.push(['-h, --help', 'print this and do nothing']);
  const indent = Math.min(34, Math.max(...rows.map(([left]) => left.length)) + 4);
  const lines = [summary, '', `Usage: ${name} ${usage}`, ''];
  for (const [left, right] of rows) {
    const wrapped = wrap(right, Math.max(20, columns - indent));
    const head = `  ${left}`;
    if (head.length + 2 > indent) lines.push(head);
    else lines.push(head.padEnd(indent) + wrapped.shift());
    for (const line of wrapped) lines.push(' '.repeat(indent) + line);
  }
  for (const note of notes) lines.push('', ...note.split('\n').flatMap((line) => wrap(line, columns)));
  return lines.join('\n');
}

function flagSyntax(key: string, spec: FlagSpec): string {
  const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);
  const names = [...flagAliases(spec).filter((name) => name.length === 1), flagName(key)];
  names.push(...flagAliases(spec).filter((name) => name.length > 1));
  return names.map(dashed).join(', ') + valueSyntax(spec);
}

function valueSyntax(spec: FlagSpec): string {
  switch (spec.type) {
    case 'boolean':
      return '';
    case 'choices':
      return ` ${spec.choices.join('|')}`;
    case 'string':
      return ` ${spec.placeholder ?? 'TEXT'}`;
    case 'integer':
      return ' N';
    case 'number':
      return ' X';
  }
}

function flagText(spec: FlagSpec): string {
  const facts: string[] = [];
  const bounded = spec.type === 'integer' || spec.type === 'number';
  if (bounded && (spec.min ?? spec.max ?? spec.above) !== undefined) facts.push(describeType(spec));
  if (spec.repeated) facts.push('may be repeated');
  if (spec.required) facts.push('required');
  if (spec.default !== undefined && spec.default !== false) facts.push(`default ${spec.default}`);
  return facts.length === 0 ? spec.describe : `${spec.describe} (${facts.join('; ')})`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  const lead = /^ */.exec(text)?.[0] ?? '';
  for (const word of text.trim().split(/ +/)) {
    if (line !== '' && lead.length + line.length + 1 + word.length > width) {
      lines.push(lead + line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  lines.push(lead + line);
  return lines;
}
