// What must hold for any text, whatever the vocabulary: GPT-2's ids give it back, CLIP's ids name the same words again.
import * as assert from 'uvu/assert';
import { cleanClipText, type Tokenizer } from '../src/index.ts';

/** The text as UTF-8 can have it: lone surrogates are U+FFFD. */
const wellFormed = (text: string): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));

/** GPT-2 gives the text back, to the last space. */
export function assertExactRoundTrip(gpt2: Tokenizer, text: string): void {
  const ids = gpt2.encode(text);
  assert.is(gpt2.decode(ids), wellFormed(text), JSON.stringify(text));
  assert.equal(gpt2.encode(wellFormed(text)), ids, JSON.stringify(text));
}

/** CLIP's words come back in clean form: cleaned and encoded again they have the same ids. */
export function assertStableIds(clip: Tokenizer, text: string): void {
  const ids = clip.encode(cleanClipText(text));
  assert.equal(clip.encode(cleanClipText(wellFormed(text))), ids, JSON.stringify(text));
  const words = clip.decode(ids);
  assert.equal(clip.encode(words), ids, JSON.stringify([text, words]));
  assert.equal(clip.encode(cleanClipText(words)), ids, JSON.stringify([text, words]));
}
