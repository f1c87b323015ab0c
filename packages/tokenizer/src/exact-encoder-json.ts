// Rewrites a tokenizer.json so that the JavaScript encoder splits and lower-cases as the Rust one does.
import type { TokenizerJson } from './tokenizer-json.ts';

/** Unicode's White_Space for `\s`: JavaScript's own takes U+FEFF for a space and U+0085 for none. */
export function unicodeSpaces(regex: string): string {
  return regex.replace(/\\([^])/g, (escape, letter: string) => {
    if (letter === 's') return String.raw`\p{White_Space}`;
    return letter === 'S' ? String.raw`\P{White_Space}` : escape;
  });
}

/** The pattern that a ByteLevel pre-tokenizer stands for (OpenAI gpt-2, `encoder.py`). */
export const GPT2_WORDS = unicodeSpaces(
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
);

/** The same tokenizer for `@huggingface/tokenizers`, which also insists on every top-level field. */
export function exactEncoderJson(json: TokenizerJson): TokenizerJson {
  const {
    normalizer = null,
    pre_tokenizer = null,
    post_processor = null,
    decoder = null,
    added_tokens = [],
  } = json;
  return {
    ...json,
    normalizer: exact(normalizer),
    pre_tokenizer: exact(pre_tokenizer),
    post_processor,
    decoder,
    added_tokens,
    // Of a model without a type the library takes some for another one.
    model: { ...json.model, type: 'BPE' },
  };
}

type Step = { type?: string; [field: string]: unknown };

/** The exact form of a step, or of all steps of a possibly nested sequence. */
function exact(step: unknown): unknown {
  if (typeof step !== 'object' || step === null) return step;
  const copy = { ...step } as Step;
  for (const list of ['normalizers', 'pretokenizers']) {
    if (Array.isArray(copy[list])) copy[list] = copy[list].map(exact);
  }
  return exactStep(copy);
}

function exactStep(step: Step): Step {
  const pattern = step.pattern as { Regex?: unknown; String?: unknown } | null | undefined;
  // The library only warns of another pattern, and then splits or replaces nothing.
  const needsPattern = 'pattern' in step || step.type === 'Split' || step.type === 'Replace';
  if (needsPattern && typeof (pattern?.Regex ?? pattern?.String) !== 'string')
    throw new TypeError(
      `the pattern of ${String(step.type)} is ${JSON.stringify(pattern) ?? 'missing'}; {"Regex": text} or {"String": text} is needed`,
    );
  const regex = pattern?.Regex;
  if (typeof regex === 'string') return { ...step, pattern: { Regex: unicodeSpaces(regex) } };
  // Rust lower-cases letter by letter; JavaScript knows the sigma that ends a word.
  if (step.type === 'Lowercase') {
    return {
      type: 'Sequence',
      normalizers: [{ type: 'Replace', pattern: { String: 'Σ' }, content: 'σ' }, step],
    };
  }
  // With add_prefix_space the space must come before the split, which only the step itself can do.
  if (step.type === 'ByteLevel' && step.use_regex !== false && step.add_prefix_space !== true) {
    const split = { type: 'Split', pattern: { Regex: GPT2_WORDS }, behavior: 'Isolated', invert: false };
    return { type: 'Sequence', pretokenizers: [split, { ...step, use_regex: false }] };
  }
  return step;
}
