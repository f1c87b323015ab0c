// A language model given by a table: the next token depends on the last one only. Nothing runs on a GPU.
import type { DecodeSteps, LogitRows, StateRows, TopTokens } from '../../src/decode/steps.ts';

export interface Table {
  /** Probabilities of the first token, one row per item. */
  starts: readonly (readonly number[])[];
  /** Probabilities after each token; tokens without a row are followed by anything alike. */
  after: Readonly<Record<number, readonly number[]>>;
  /** Rows per item after the first step. */
  rowsPerItem?: number;
  /** Hidden states: of a prefix (the same for all items), and of each token. */
  states?: { prefix: readonly (readonly number[])[]; tokens: readonly (readonly number[])[] };
}

/** The toy of CAPTIONING 1.5: 6 tokens, token 1 stops. */
export const toy: Table = {
  starts: [[0.02, 0.03, 0.5, 0.3, 0.1, 0.05]],
  after: {
    2: [0.02, 0.08, 0.05, 0.4, 0.35, 0.1],
    3: [0.02, 0.45, 0.1, 0.05, 0.28, 0.1],
    4: [0.02, 0.2, 0.3, 0.08, 0.05, 0.35],
    5: [0.02, 0.6, 0.08, 0.1, 0.15, 0.05],
  },
};

/** Makes an answer from the probabilities of each row, and from what the rows have read. */
type Answer<R> = (rows: readonly (readonly number[])[], texts: readonly (readonly number[])[]) => R;

/** Runs a table; `texts` has what every row has read, so that parents can be checked. */
class TableModel<R> implements DecodeSteps<R> {
  texts: number[][] = [];
  calls = 0;
  readonly #table: Table;
  readonly #answer: Answer<R>;

  constructor(table: Table, answer: Answer<R>) {
    this.#table = table;
    this.#answer = answer;
  }

  async begin(): Promise<R> {
    const { starts, rowsPerItem = 1 } = this.#table;
    this.texts = starts.flatMap(() => Array.from({ length: rowsPerItem }, () => []));
    return this.#answer(starts, this.texts);
  }

  async step(ids: Uint32Array, parents?: Uint32Array): Promise<R> {
    this.calls++;
    if (ids.length !== this.texts.length) throw new Error(`${ids.length} ids for ${this.texts.length} rows`);
    this.texts = this.texts.map((_, row) => [...this.texts[parents?.[row] ?? row], ids[row]]);
    const uniform = new Array<number>(this.#table.starts[0].length).fill(1);
    return this.#answer(
      this.texts.map((text) => this.#table.after[text.at(-1)!] ?? uniform),
      this.texts,
    );
  }
}

const logs = (row: readonly number[]): number[] => {
  const total = row.reduce((a, b) => a + b, 0);
  return row.map((p) => Math.log(p / total));
};

/** The states of what was read last: all of the prefix, or each row's last token. */
function statesOf({ states, starts }: Table, texts: readonly (readonly number[])[]): StateRows {
  const read =
    texts[0].length === 0
      ? starts.flatMap(() => states!.prefix)
      : texts.map((t) => states!.tokens[t.at(-1)!]);
  return { states: Float32Array.from(read.flat()), stateSize: read[0].length };
}

const logitRows = (rows: readonly (readonly number[])[]): LogitRows => ({
  vocabSize: rows[0].length,
  values: Float32Array.from(rows.flatMap(logs)),
});

const topRows = (rows: readonly (readonly number[])[], count: number): TopTokens => {
  const sorted = rows.map((row) =>
    [...logs(row).entries()].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, count),
  );
  return {
    count: sorted[0].length,
    ids: Uint32Array.from(sorted.flat().map(([id]) => id)),
    logProbs: Float32Array.from(sorted.flat().map(([, logProb]) => logProb)),
  };
};

export const logitModel = (table: Table): TableModel<LogitRows> => new TableModel(table, logitRows);

export const topModel = (table: Table, count: number): TableModel<TopTokens> =>
  new TableModel(table, (rows) => topRows(rows, count));

export const topStateModel = (table: Table, count: number): TableModel<TopTokens & StateRows> =>
  new TableModel(table, (rows, texts) => ({ ...topRows(rows, count), ...statesOf(table, texts) }));

export const logitStateModel = (table: Table): TableModel<LogitRows & StateRows> =>
  new TableModel(table, (rows, texts) => ({ ...logitRows(rows), ...statesOf(table, texts) }));

export const idModel = (table: Table): TableModel<Uint32Array> =>
  new TableModel(table, (rows) => Uint32Array.from(rows, (row) => row.indexOf(Math.max(...row))));
