// Where the prefix stands: before the caption, behind a text, in every layer, or as words of the vocabulary.
//
// Legend: P prefix rows, L GPT-2's layers.
import { MapperError } from './mapper-error.ts';

/**
 * - `embedding`, ClipCap's: P rows in place of token embeddings, before the caption.
 * - `infix`: the same behind the embeddings of a text, [prompt; prefix; caption].
 * - `deep`: prefix-tuning (Li & Liang 2021, §4): P keys and values in every layer, that all later rows attend to. A
 *   mapper's rows become them through an MLP (§4.3, "Parametrization"), so that the picture conditions them.
 * - `hard`: every row of the mapper is replaced by the embedding of the token nearest to it by cosine, so that the
 *   prefix is a text; gradients pass to the rows as though nothing were replaced (Wen et al. 2023, "Hard Prompts Made
 *   Easy").
 */
export const prefixKinds = ['embedding', 'deep', 'infix', 'hard'] as const;
export type PrefixKind = (typeof prefixKinds)[number];

export interface PrefixPlacement {
  kind: PrefixKind;
  /**
   * Token ids of a text. `infix` (at least one) and `hard`: before the prefix. `deep`: between prefix and caption, at
   * least one, for a deep prefix has no row of its own that could predict the caption's first token.
   */
  prompt?: readonly number[];
  /** L; `deep` only. */
  layers?: number;
  /** Hidden units of the MLP that makes keys and values; `deep` only, default 512. */
  width?: number;
}

export interface ResolvedPlacement extends PrefixPlacement {
  prompt: readonly number[];
}

/** Prefix-tuning's width for tables and translation. */
const defaultWidth = 512;

/**
 * The placement with its defaults, and nothing that its kind has no use for.
 * @throws MapperError naming what is missing.
 */
export function resolvePlacement({ kind, prompt = [], layers, width }: PrefixPlacement): ResolvedPlacement {
  const fail = (what: string): never => {
    throw new MapperError(`prefix: ${what}`);
  };
  if (!prefixKinds.includes(kind))
    fail(`kind is ${JSON.stringify(kind)}; one of ${prefixKinds.join(', ')} is needed`);
  if (!Array.isArray(prompt) || !prompt.every((id) => Number.isInteger(id) && id >= 0))
    fail(`prompt is ${JSON.stringify(prompt)}; a list of token ids is needed`);
  if (kind === 'embedding') {
    if (prompt.length > 0) fail('kind embedding has no prompt; take infix');
    return { kind, prompt: [] };
  }
  if (kind === 'hard') return { kind, prompt };
  if (prompt.length === 0)
    fail(
      kind === 'deep'
        ? 'kind deep needs a prompt: the token that predicts the first one of the caption, such as the end token'
        : 'kind infix needs a prompt',
    );
  if (kind === 'infix') return { kind, prompt };
  const size = (key: string, value: unknown): number =>
    Number.isInteger(value) && (value as number) >= 1
      ? (value as number)
      : fail(`${key} is ${JSON.stringify(value)}; a whole number from 1 is needed`);
  return { kind, prompt, layers: size('layers', layers), width: size('width', width ?? defaultWidth) };
}
