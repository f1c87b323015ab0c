// Runs a decoding to its end.
import type { Decoding, Hypothesis, TokenEvent } from './steps.ts';

/** Calls `onToken` for every token, then gives the hypotheses. */
export async function drain(
  decoding: Decoding,
  onToken?: (event: TokenEvent) => void,
): Promise<Hypothesis[][]> {
  try {
    for (;;) {
      const { value, done } = await decoding.next();
      if (done) return value;
      onToken?.(value);
    }
  } finally {
    // A listener that throws must not leave the decoding half open.
    await decoding.return([]);
  }
}
