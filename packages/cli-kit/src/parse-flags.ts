// Turns words of a command line (and a settings object) into checked, typed values.
import { parseArgs } from 'node:util';
import { UsageError } from './command-error.ts';
import { describeType, flagAliases, flagName, valueProblem } from './flag-spec.ts';
import type { FlagSpec, FlagSpecs, FlagValues, PositionalSpec } from './flag-spec.ts';
import { nearestWord } from './nearest-word.ts';

/** What else may stand on the command line, and values that stand behind it. */
export interface ParseOptions {
  /** Words without dashes; without this every such word is refused. */
  positionals?: PositionalSpec;
  /** Values used where the command line says nothing, by camelCase or kebab-case name (a config file). */
  base?: Readonly<Record<string, unknown>>;
  /** Names `base` in errors, e.g. the file it was read from. */
  baseLabel?: string;
}

/** Checked values. */
export interface ParsedFlags<S extends FlagSpecs> {
  values: FlagValues<S>;
  /** Which flags the command line itself gave. */
  given: ReadonlySet<keyof S & string>;
  positionals: string[];
  /** Whether `--help` or `-h` was given; then nothing else was checked. */
  help: boolean;
}

/**
 * Parses `argv` (without node and script). Order of precedence: command line, `base`, defaults.
 * A literal `--` is dropped, because `pnpm train -- --prefix 20` passes it on; `--no-name` negates a boolean;
 * the last of several values of a flag counts unless it is `repeated`.
 *
 * @throws UsageError for unknown flags and wrong values, naming the nearest right one
 */
export function parseFlags<const S extends FlagSpecs>(
  argv: readonly string[],
  specs: S,
  options: ParseOptions = {},
): ParsedFlags<S> {
  const keyByName = namesOf(specs);
  const { tokens } = parseArgs({
    args: argv.filter((word) => word !== '--'),
    options: parseArgsConfig(specs),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, unknown> = {};
  const given = new Set<string>();
  const positionals: string[] = [];
  const help = tokens.some((token) => token.kind === 'option' && token.name === 'help');

  if (!help) {
    for (const token of tokens) {
      if (token.kind === 'positional') positionals.push(token.value);
      if (token.kind !== 'option') continue;
      const negated = negatedKey(token.name, keyByName, specs);
      const key = negated ?? keyByName.get(token.name);
      if (key === undefined) throw unknownFlag(token.rawName, keyByName);
      const spec = specs[key];
      const text = negated === undefined ? token.value : 'false';
      const looksLikeFlag = token.inlineValue === false && /^-[^\d.]/.test(token.value ?? '');
      if (spec.type !== 'boolean' && (text === undefined || looksLikeFlag)) {
        const found = looksLikeFlag ? `, but ${token.value} follows` : '';
        throw new UsageError(`${token.rawName} needs ${describeType(spec)} after it${found}`);
      }
      const value = readValue(token.rawName, spec, text);
      if (spec.repeated && given.has(key)) (values[key] as unknown[]).push(value);
      else values[key] = spec.repeated ? [value] : value;
      given.add(key);
    }
    applyBase(values, given, specs, keyByName, options);
    checkPositionals(positionals, options.positionals);
  }
  for (const [key, spec] of Object.entries(specs)) {
    if (values[key] !== undefined) continue;
    if (spec.required && !help) throw new UsageError(`--${flagName(key)} is missing: ${spec.describe}`);
    if (spec.default !== undefined) values[key] = spec.repeated ? [spec.default] : spec.default;
    else if (spec.repeated) values[key] = [];
    else if (spec.type === 'boolean') values[key] = false;
    else values[key] = undefined;
  }
  return { values: values as FlagValues<S>, given, positionals, help };
}

/** Every name a flag answers to, kebab-case and aliases, mapped to its key. */
function namesOf(specs: FlagSpecs): Map<string, string> {
  const keys = new Map<string, string>();
  for (const [key, spec] of Object.entries(specs)) {
    for (const name of [flagName(key), ...flagAliases(spec)]) keys.set(name, key);
  }
  return keys;
}

type ParseArgsFlags = Record<string, { type: 'string' | 'boolean'; short?: string }>;

function parseArgsConfig(specs: FlagSpecs): ParseArgsFlags {
  const config: ParseArgsFlags = { help: { type: 'boolean', short: 'h' } };
  for (const [key, spec] of Object.entries(specs)) {
    const type = spec.type === 'boolean' ? 'boolean' : 'string';
    const aliases = flagAliases(spec);
    const short = aliases.find((name) => name.length === 1);
    config[flagName(key)] = short === undefined ? { type } : { type, short };
    for (const name of aliases) if (name.length > 1) config[name] = { type };
  }
  return config;
}

function negatedKey(name: string, keys: Map<string, string>, specs: FlagSpecs): string | undefined {
  if (keys.has(name) || !name.startsWith('no-')) return undefined;
  const key = keys.get(name.slice(3));
  return key !== undefined && specs[key].type === 'boolean' ? key : undefined;
}

function unknownFlag(rawName: string, keys: Map<string, string>): UsageError {
  const name = rawName.replace(/^-+/, '');
  const near =
    name.length > 1
      ? nearestWord(
          name,
          [...keys.keys(), 'help'].filter((word) => word.length > 1),
        )
      : undefined;
  const cure = near === undefined ? 'see --help for the flags there are' : `did you mean --${near}?`;
  return new UsageError(`unknown flag ${rawName}`, { cure });
}

function readValue(label: string, spec: FlagSpec, text: string | undefined): unknown {
  let value: unknown = text;
  if (spec.type === 'boolean')
    value = text === undefined || text === 'true' ? true : text === 'false' ? false : text;
  if (spec.type === 'integer' || spec.type === 'number') value = text?.trim() === '' ? NaN : Number(text);
  return checkValue(label, spec, value, text);
}

function checkValue(label: string, spec: FlagSpec, value: unknown, shown: unknown): unknown {
  const problem = valueProblem(spec, value);
  if (!problem) return value;
  let { nearest } = problem;
  if (spec.type === 'choices' && typeof shown === 'string') nearest = nearestWord(shown, spec.choices);
  if (spec.type === 'boolean' && typeof shown === 'string') nearest = nearestWord(shown, ['true', 'false']);
  const cure = nearest === undefined ? undefined : `the nearest allowed value is ${nearest}`;
  throw new UsageError(`${label} ${problem.rule}, got ${JSON.stringify(shown) ?? String(shown)}`, { cure });
}

function applyBase(
  values: Record<string, unknown>,
  given: ReadonlySet<string>,
  specs: FlagSpecs,
  keyByName: Map<string, string>,
  options: ParseOptions,
): void {
  const { base = {}, baseLabel = 'settings' } = options;
  for (const [name, value] of Object.entries(base)) {
    const key = Object.hasOwn(specs, name) ? name : keyByName.get(name);
    if (key === undefined) {
      const near = nearestWord(name, Object.keys(specs));
      throw new UsageError(`${baseLabel}: unknown setting ${JSON.stringify(name)}`, {
        cure: near === undefined ? `known are: ${Object.keys(specs).join(', ')}` : `did you mean "${near}"?`,
      });
    }
    if (given.has(key) || value === undefined || value === null) continue;
    const spec = specs[key];
    const label = `${baseLabel}: ${name}`;
    if (!spec.repeated) values[key] = checkValue(label, spec, value, value);
    else values[key] = [value].flat().map((item) => checkValue(label, spec, item, item));
  }
}

function checkPositionals(words: readonly string[], spec: PositionalSpec | undefined): void {
  const { min = 0, max = spec ? Infinity : 0, name = '' } = spec ?? {};
  if (words.length > max) {
    const extra = JSON.stringify(words[max]);
    const cure = max === 0 ? 'this command takes flags only; they begin with --' : `at most ${max} × ${name}`;
    throw new UsageError(`unexpected argument ${extra}`, { cure });
  }
  if (words.length < min) {
    throw new UsageError(`${name} is missing: ${spec?.describe}`, { cure: `give at least ${min} × ${name}` });
  }
}
