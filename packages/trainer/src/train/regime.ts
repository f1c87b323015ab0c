// The regime of a training: what the mapper sees of a picture, where the prefix stands, and what of GPT-2 changes. Its
// flags, and what they come to beside the models.
import { CommandError, defineFlags, UsageError, type FlagValues } from '@foreword/cli-kit';
import type { Gpt2, LoraConfig } from '@foreword/gpt2';
import { prefixKinds, type PrefixKind, type PrefixPlacement } from '@foreword/prefix-mapper';
import type { Tokenizer } from '@foreword/tokenizer';

const visuals = ['raw', 'normalised', 'patches'] as const;

export const regimeFlags = defineFlags({
  prefixKind: {
    type: 'choices',
    choices: prefixKinds,
    default: 'embedding',
    describe:
      "where the prefix stands: before the caption (ClipCap), as keys and values of every layer (prefix-tuning), behind --prompt, or before it as the vocabulary's nearest words",
  },
  prompt: {
    type: 'string',
    placeholder: 'TEXT',
    describe:
      'text before the prefix (infix, which needs it, and hard), or between a deep prefix and the caption (default there: the end token)',
  },
  visual: {
    type: 'choices',
    choices: visuals,
    default: 'raw',
    describe:
      "what the mapper sees: CLIP's feature as it is (ClipCap), divided by its length (ClipCap's --normalize_prefix), or CLIP's class and patch tokens (--mapper transformer)",
  },
  lora: {
    type: 'integer',
    min: 1,
    max: 1024,
    placeholder: 'RANK',
    describe: "train low-rank changes of GPT-2's attention too, of this rank (LoRA)",
  },
  loraAlpha: {
    type: 'number',
    above: 0,
    max: 4096,
    describe: 'with --lora: changes are scaled by this number over the rank (default: the rank)',
  },
  dtype: {
    type: 'choices',
    choices: ['f32', 'f16'],
    default: 'f32',
    describe:
      "what the frozen models' matrices are stored as on the GPU: f16 takes half of the memory; what is trained stays f32",
  },
});

/** What of it is a setting of the run. */
export interface RegimeSettings {
  prefixKind: PrefixKind;
  prompt: string | undefined;
  visual: (typeof visuals)[number];
  /** LoRA's rank. */
  lora: number | undefined;
  loraAlpha: number | undefined;
  /** Storage of the frozen models' matrices. */
  dtype: 'f32' | 'f16';
}

/** @throws UsageError for flags that do not go together */
export function toRegime(
  { prefixKind, prompt, visual, lora, loraAlpha, dtype }: FlagValues<typeof regimeFlags>,
  { tuneGpt2, mapper }: { tuneGpt2: boolean; mapper: string },
): RegimeSettings {
  if (lora !== undefined && tuneGpt2)
    throw new UsageError('--lora changes a frozen GPT-2; --tune-gpt2 trains all of it', {
      cure: 'leave one of them out',
    });
  if (lora === undefined && loraAlpha !== undefined)
    throw new UsageError('--lora-alpha goes with --lora', { cure: 'add --lora 8, for example' });
  if (dtype === 'f16' && tuneGpt2)
    throw new UsageError('--dtype f16 stores frozen weights; --tune-gpt2 trains them, in f32', {
      cure: 'leave one of them out, or train changes with --lora',
    });
  if (prefixKind === 'infix' && prompt === undefined)
    throw new UsageError('--prefix-kind infix needs the text it stands behind', {
      cure: 'add --prompt "A picture of", for example',
    });
  if (prefixKind === 'embedding' && prompt !== undefined)
    throw new UsageError('--prompt does nothing with --prefix-kind embedding', {
      cure: `give --prefix-kind ${prefixKinds.filter((kind) => kind !== 'embedding').join(', ')}`,
    });
  if (visual === 'patches' && mapper !== 'transformer')
    throw new UsageError(`--visual patches needs a mapper that reads rows, and ${mapper} reads one feature`, {
      cure: 'add --mapper transformer',
    });
  return { prefixKind, prompt, visual, lora, loraAlpha, dtype };
}

/** The mapper's placement for this GPT-2. */
export function placementOf(
  { prefixKind: kind, prompt }: RegimeSettings,
  { gpt2, tokenizer }: { gpt2: Pick<Gpt2, 'config'>; tokenizer: Pick<Tokenizer, 'encode'> },
): PrefixPlacement {
  if (kind === 'embedding') return { kind };
  const text = prompt === undefined ? [] : tokenizer.encode(prompt);
  if (kind !== 'deep') return { kind, prompt: text };
  const { n_layer: layers, eos_token_id } = gpt2.config;
  return { kind, layers, prompt: prompt === undefined ? [eos_token_id] : text };
}

/** The sizes of the changes that are trained, if any. */
export const loraOf = ({ lora: rank, loraAlpha: alpha }: RegimeSettings): LoraConfig | undefined =>
  rank === undefined ? undefined : { rank, alpha: alpha ?? rank };

/** @throws CommandError when prefix and prompt leave no positions for captions */
export function assertRoom({ n_positions }: Gpt2['config'], prefix: number, prompt: number): void {
  if (prefix + prompt + 8 <= n_positions) return;
  const and = prompt > 0 ? ` and a prompt of ${prompt} tokens leave` : ' leaves';
  throw new CommandError(
    `a prefix of ${prefix}${and} no room for a caption: this GPT-2 has ${n_positions} positions`,
    { cure: `give --prefix ${Math.max(1, n_positions - 24 - prompt)} or less` },
  );
}
