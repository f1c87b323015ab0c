// How captions are decoded, in the short form users write.
import { clipCapBeam, type BeamOptions, type DecodeMethod, type SampleOptions } from '@foreword/gpt2';

/**
 * `'greedy'` (what ClipCap's "top-p" is), ClipCap's beam search over `beam` hypotheses, or sampling from a seed.
 * `beam` options: how length counts, and whether finished hypotheses compete (as in ClipCap) or stand apart.
 */
export type DecodeChoice =
  | 'greedy'
  | ({ beam: number; temperature?: number } & Partial<Omit<BeamOptions, 'beams'>>)
  | { sample: SampleOptions };

/** The same for `Gpt2Generator`. */
export function toDecodeMethod(choice: DecodeChoice): DecodeMethod {
  if (choice === 'greedy') return { method: 'greedy' };
  if ('sample' in choice) return { method: 'sample', ...choice.sample };
  const { beam, ...options } = choice;
  return { method: 'beam', ...clipCapBeam, ...options, beams: beam };
}
