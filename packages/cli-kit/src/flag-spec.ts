// How a command declares its flags, and the types its values get from that.

interface FlagBase {
  /** One phrase for `--help`. */
  describe: string;
  /** Further names: one letter makes a short flag (`-p`), anything longer a second long name. */
  alias?: string | readonly string[];
  /** Refuse the command line when the flag is absent. */
  required?: boolean;
  /** May be given several times; the value is then a list. */
  repeated?: boolean;
}

/** One flag. A text may be empty only where its default is. Bounds are inclusive; `above` is an exclusive lower bound (for rates that must not be 0). */
export type FlagSpec =
  | (FlagBase & { type: 'string'; default?: string; placeholder?: string })
  | (FlagBase & { type: 'boolean'; default?: boolean })
  | (FlagBase & { type: 'choices'; choices: readonly string[]; default?: string })
  | (FlagBase & { type: 'integer' | 'number'; default?: number; min?: number; max?: number; above?: number });

/** Flags by name in camelCase; on the command line they are kebab-case: `maxSteps` is `--max-steps`. */
export type FlagSpecs = Record<string, FlagSpec>;

/** Words after the flags, such as file names. */
export interface PositionalSpec {
  /** Shown in the usage line, e.g. `image`. */
  name: string;
  describe: string;
  /** Fewest and most allowed. Default 0 and unlimited. */
  min?: number;
  max?: number;
}

type Scalar<F extends FlagSpec> = F extends { type: 'choices'; choices: readonly (infer C)[] }
  ? C
  : F extends { type: 'boolean' }
    ? boolean
    : F extends { type: 'string' }
      ? string
      : number;

type FlagValue<F extends FlagSpec> = F extends { repeated: true }
  ? Scalar<F>[]
  : F extends { type: 'boolean' } | { default: string | number | boolean } | { required: true }
    ? Scalar<F>
    : Scalar<F> | undefined;

/** The values of `S`: booleans default to false, repeated flags to [], others without default to undefined. */
export type FlagValues<S extends FlagSpecs> = { -readonly [K in keyof S]: FlagValue<S[K]> };

/** The long form of a flag without dashes: `tuneGpt2` → `tune-gpt2`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** All further names of a flag. */
export function flagAliases(spec: FlagSpec): readonly string[] {
  if (spec.alias === undefined) return [];
  return typeof spec.alias === 'string' ? [spec.alias] : spec.alias;
}

/**
 * Declares flags and keeps their literal types.
 *
 * @throws Error when two flags share a name, or a default breaks its flag's own rule
 * @example
 * const flags = defineFlags({
 *   prefix: { type: 'integer', default: 10, min: 1, alias: ['prefix-length', 'p'], describe: 'prefix length' },
 *   mapper: { type: 'choices', choices: ['mlp', 'transformer'], default: 'mlp', describe: 'kind of mapper' },
 * });
 */
export function defineFlags<const S extends FlagSpecs>(specs: S): S {
  const taken = new Set(['help', 'h']);
  for (const [key, spec] of Object.entries<FlagSpec>(specs)) {
    for (const name of [flagName(key), ...flagAliases(spec)]) {
      if (taken.has(name)) throw new Error(`defineFlags: the name ${name} is used twice (flag ${key})`);
      taken.add(name);
    }
    if (spec.default !== undefined) {
      const problem = valueProblem(spec, spec.default);
      if (problem) throw new Error(`defineFlags: the default of ${key} ${problem.rule}, got ${spec.default}`);
    }
  }
  return specs;
}

/** What a value must be, and the nearest right one if there is one. */
export interface ValueProblem {
  rule: string;
  nearest?: string | number;
}

/** Judges a value that already has the flag's JavaScript type; undefined when it is right. */
export function valueProblem(spec: FlagSpec, value: unknown): ValueProblem | undefined {
  const rule = `must be ${describeType(spec)}`;
  switch (spec.type) {
    case 'string':
      if (typeof value !== 'string') return { rule };
      return value === '' && spec.default !== '' ? { rule: 'must not be empty' } : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : { rule };
    case 'choices':
      return spec.choices.includes(value as string) ? undefined : { rule };
    case 'integer':
    case 'number':
      return numberProblem(spec, value, rule);
  }
}

function numberProblem(
  spec: Extract<FlagSpec, { type: 'integer' | 'number' }>,
  value: unknown,
  rule: string,
): ValueProblem | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return { rule };
  const { min = -Infinity, max = Infinity, above = -Infinity } = spec;
  const whole = spec.type === 'integer' ? Math.round(value) : value;
  const nearest = Math.min(Math.max(whole, min), max);
  if (nearest === value && value > above) return undefined;
  return nearest > above ? { rule, nearest } : { rule };
}

/** The rule of a flag in words, e.g. `a whole number from 1 to 400`. */
export function describeType(spec: FlagSpec): string {
  switch (spec.type) {
    case 'string':
      return 'a text';
    case 'boolean':
      return 'true or false';
    case 'choices':
      return listWords(spec.choices);
    case 'integer':
    case 'number': {
      const kind = spec.type === 'integer' ? 'a whole number' : 'a number';
      const { min, max, above } = spec;
      if (min !== undefined && max !== undefined) return `${kind} from ${min} to ${max}`;
      const low = min !== undefined ? ` of at least ${min}` : above !== undefined ? ` above ${above}` : '';
      const high = max !== undefined ? `${low ? ' and' : ''} of at most ${max}` : '';
      return kind + low + high;
    }
  }
}

function listWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
