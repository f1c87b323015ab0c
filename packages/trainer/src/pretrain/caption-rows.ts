// Training rows of the tiny GPT-2: the captions of one picture, one after the other.
//
// Legend: B rows per batch, T tokens per row.

/** T. Rows fill all positions, so that captions can later stand behind a prefix of any length. */
export const rowLength = 80;
const T = rowLength;

/** Targets with this id do not count; ClipCap pads with it too. */
export const padding = 0;

/** For each picture: the end token, then each caption with the end token behind it, cut or padded to T; and the tokens that follow. */
export function makeRows(
  pictures: readonly number[][][],
  end: number,
): { ids: Int32Array; targets: Int32Array } {
  const ids = new Int32Array(pictures.length * T).fill(padding);
  const targets = new Int32Array(pictures.length * T).fill(padding);
  pictures.forEach((captions, b) => {
    const row = [end, ...captions.flatMap((caption) => [...caption, end])];
    ids.set(row.slice(0, Math.min(T, row.length - 1)), b * T);
    targets.set(row.slice(1, T + 1), b * T);
  });
  return { ids, targets };
}

/** Plan inputs for B rows. */
export const rowInputs = (B: number) => ({
  ids: { shape: [B, T], dtype: 'i32' as const },
  targets: { shape: [B, T], dtype: 'i32' as const },
});
