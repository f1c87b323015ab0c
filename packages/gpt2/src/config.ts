// GPT-2's configuration under Hugging Face's keys, read from and written as config.json.
import type { Activation } from '@foreword/tensor';

export interface Gpt2Config {
  vocab_size: number;
  /** Longest sequence: rows of wpe. */
  n_positions: number;
  n_embd: number;
  n_layer: number;
  n_head: number;
  /** Width of the MLP; 4 · n_embd by default. */
  n_inner: number;
  activation_function: keyof typeof activations;
  layer_norm_epsilon: number;
  initializer_range: number;
  /** Dropout rates; used only where a seed is given, and attn_pdrop never (see README). */
  embd_pdrop: number;
  attn_pdrop: number;
  resid_pdrop: number;
  bos_token_id: number;
  eos_token_id: number;
}

const activations = {
  gelu_new: 'geluNew',
  gelu: 'gelu',
  relu: 'relu',
  tanh: 'tanh',
} as const satisfies Record<string, Activation>;

/** The engine's name of the MLP's activation. */
export const mlpActivation = (config: Gpt2Config): Activation => activations[config.activation_function];

/** A config.json that is not GPT-2's, or one with values that fit nothing. */
export class Gpt2ConfigError extends Error {
  override name = 'Gpt2ConfigError';
}

/** What may be left out, and stands for Hugging Face's default then. */
const defaults = {
  activation_function: 'gelu_new',
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.02,
  embd_pdrop: 0.1,
  attn_pdrop: 0.1,
  resid_pdrop: 0.1,
} as const;

/** Settings of other architectures that GPT-2's own files never change; anything else would compute wrong values in silence. */
const mustBe: readonly [key: string, value: unknown][] = [
  ['scale_attn_weights', true],
  ['scale_attn_by_inverse_layer_idx', false],
  ['add_cross_attention', false],
  ['tie_word_embeddings', true],
];

/** Far beyond every published model. */
const MAX_LAYERS = 10_000;
const MAX_SIZE = 2 ** 31 - 1;

/** A value as it stands in the file. */
const show = (value: unknown): string => JSON.stringify(value) ?? 'missing';

export type Gpt2ConfigInput = Partial<Record<keyof Gpt2Config | 'n_ctx', unknown>> &
  Readonly<Record<string, unknown>>;

/**
 * Checks the parsed text of a config.json and fills in defaults. `n_ctx` may stand for `n_positions`.
 * @throws Gpt2ConfigError naming the key and what it should be.
 * @example
 * const config = parseGpt2Config({ vocab_size: 301, n_positions: 64, n_embd: 64, n_layer: 2, n_head: 4 });
 */
export function parseGpt2Config(json: Gpt2ConfigInput): Gpt2Config {
  // What a caller parsed may be anything.
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Gpt2ConfigError(`config: ${show(json)} is no JSON object with GPT-2's keys`);
  }
  if (json.model_type !== undefined && json.model_type !== 'gpt2') {
    throw new Gpt2ConfigError(`config: model_type is ${show(json.model_type)}, but "gpt2" is needed`);
  }
  for (const [key, value] of mustBe) {
    if (json[key] !== undefined && json[key] !== value) {
      throw new Gpt2ConfigError(`config: ${key} is ${show(json[key])}; only ${show(value)} is supported`);
    }
  }
  const size = (key: keyof Gpt2Config, fallback?: unknown): number => {
    const value = json[key] ?? fallback;
    if (!Number.isInteger(value) || (value as number) < 1) {
      throw new Gpt2ConfigError(`config: ${key} is ${show(value)}; a whole number from 1 is needed`);
    }
    // Names and shapes are made for every layer, so that an absurd number would seem to hang.
    const most = key === 'n_layer' ? MAX_LAYERS : MAX_SIZE;
    if ((value as number) > most) {
      throw new Gpt2ConfigError(`config: ${key} is ${show(value)}; at most ${most} is supported`);
    }
    return value as number;
  };
  const fraction = (key: keyof typeof defaults): number => {
    const value = json[key] ?? defaults[key];
    if (typeof value !== 'number' || !(value >= 0 && value < 1)) {
      throw new Gpt2ConfigError(`config: ${key} is ${show(value)}; a number from 0 and below 1 is needed`);
    }
    return value;
  };
  const n_embd = size('n_embd');
  const n_head = size('n_head');
  if (n_embd % n_head !== 0) {
    throw new Gpt2ConfigError(`config: n_embd ${n_embd} is not divisible by n_head ${n_head}`);
  }
  const activation = json.activation_function ?? defaults.activation_function;
  if (typeof activation !== 'string' || !Object.hasOwn(activations, activation)) {
    const known = Object.keys(activations).join(', ');
    throw new Gpt2ConfigError(`config: activation_function is ${show(activation)}; supported: ${known}`);
  }
  const vocab_size = size('vocab_size');
  // GPT-2's vocabulary ends with <|endoftext|>, which both begins and ends its training texts.
  const specialToken = (key: 'bos_token_id' | 'eos_token_id'): number => {
    const value = json[key] ?? vocab_size - 1;
    if (!Number.isInteger(value) || (value as number) < 0) {
      throw new Gpt2ConfigError(`config: ${key} is ${show(value)}; a token id is needed`);
    }
    return value as number;
  };
  return {
    vocab_size,
    n_positions: size('n_positions', json.n_ctx),
    n_embd,
    n_layer: size('n_layer'),
    n_head,
    n_inner: size('n_inner', 4 * n_embd),
    activation_function: activation as keyof typeof activations,
    layer_norm_epsilon: fraction('layer_norm_epsilon'),
    initializer_range: fraction('initializer_range'),
    embd_pdrop: fraction('embd_pdrop'),
    attn_pdrop: fraction('attn_pdrop'),
    resid_pdrop: fraction('resid_pdrop'),
    bos_token_id: specialToken('bos_token_id'),
    eos_token_id: specialToken('eos_token_id'),
  };
}

/** Text of a config.json that this project and Hugging Face's libraries read. */
export function gpt2ConfigJson(config: Gpt2Config): string {
  const { n_inner, n_embd } = config;
  const json = {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    ...config,
    n_ctx: config.n_positions,
    // Hugging Face writes null for the usual width.
    n_inner: n_inner === 4 * n_embd ? null : n_inner,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}
