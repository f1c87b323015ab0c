// How captions end: what is trained on, and which tokens end a caption that is written.
import { CommandError } from '@foreword/cli-kit';
import type { Tokenizer } from '@foreword/tokenizer';

/**
 * - `dot`, ClipCap's: captions as the dataset has them; a full stop ends them, and GPT-2's end token those without one.
 * - `eos`: without the full stop at their end; the end token stands behind them and alone ends them.
 * - `both`: full stop, then the end token, which alone ends them, so that a caption may have several sentences.
 */
export const endings = ['dot', 'eos', 'both'] as const;
export type Ending = (typeof endings)[number];

export interface CaptionEndings {
  /** Token ids of a caption to train on. */
  tokensOf(caption: string): number[];
  /** Ids that end a caption that is written. */
  stopTokens: number[];
}

/**
 * @param end GPT-2's end token
 * @param padding the id that does not count as a target
 * @throws CommandError where the end token could not be learned
 */
export function captionEndings(
  ending: Ending,
  { tokenizer, end, padding = 0 }: { tokenizer: Pick<Tokenizer, 'encode'>; end: number; padding?: number },
): CaptionEndings {
  if (ending === 'dot') {
    return { tokensOf: (caption) => tokenizer.encode(caption), stopTokens: [fullStopOf(tokenizer), end] };
  }
  if (end === padding) {
    throw new CommandError(
      `this GPT-2's end token is ${padding}, the id that pads captions, so it cannot be learned`,
      { cure: 'give --ending dot, or another GPT-2' },
    );
  }
  const change = ending === 'eos' ? withoutFullStop : withFullStop;
  return { tokensOf: (caption) => [...tokenizer.encode(change(caption)), end], stopTokens: [end] };
}

/** A caption of full stops only stays. */
const withoutFullStop = (caption: string): string => caption.replace(/[.\s]+$/, '') || caption;

const withFullStop = (caption: string): string => (/[.!?]$/.test(caption) ? caption : `${caption}.`);

function fullStopOf(tokenizer: Pick<Tokenizer, 'encode'>): number {
  const ids = tokenizer.encode('.');
  if (ids.length !== 1)
    throw new CommandError('the tokenizer splits "." into several tokens', { cure: 'use a GPT-2 tokenizer' });
  return ids[0];
}
