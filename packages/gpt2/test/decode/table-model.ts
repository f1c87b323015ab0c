// A language model given by a table: the next token depends on the last one only. Nothing runs on a GPU.
import type { DecodeSteps, LogitRows, TopTokens } from '../../src/decode/steps.ts';

export interface Table {
  /** Probabilities of the first token, one row per item. */
  starts: readonly (readonly number[])[];
  /** Probabilities after each token; tokens without a row are followed by anything alike. */
  after: Readonly<Record<number, readonly number[]>>;
  /** Rows per item after the first step. */
  rowsPerItem?: number;
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

/** Runs a table; `texts` has what every row has read, so that parents can be checked. */
class TableModel<R> implements DecodeSteps<R> {
  texts: number[][] = [];
  calls = 0;
  readonly #table: Table;
  readonly #answer: (rows: readonly (readonly number[])[]) => R;

  constructor(table: Table, answer: (rows: readonly (readonly number[])[]) => R) {
    this.#table = table;
    this.#answer = answer;
  }

  async begin(): Promise<R> {
    const { starts, rowsPerItem = 1 } = this.#table;
    this.texts = starts.flatMap(() => Array.from({ length: rowsPerItem }, () => []));
    return this.#answer(starts);
  }

  async step(ids: Uint32Array, parents?: Uint32Array): Promise<R> {
    this.calls++;
    if (ids.length !== this.texts.length) throw new Error(`${ids.length} ids for ${this.texts.length} rows`);
    this.texts = this.texts.map((_, row) => [...this.texts[parents?.[row] ?? row], ids[row]]);
    const uniform = new Array<number>(this.#table.starts[0].length).fill(1);
    return this.#answer(this.texts.map((text) => this.#table.after[text.at(-1)!] ?? uniform));
  }
}

const logs = (row: readonly number[]): number[] => {
  const total = row.reduce((a, b) => a + b, 0);
  return row.map((p) => Math.log(p / total));
};

export const logitModel = (table: Table): TableModel<LogitRows> =>
  new TableModel(table, (rows) => ({
    vocabSize: rows[0].length,
    values: Float32Array.from(rows.flatMap(logs)),
  }));

export const idModel = (table: Table): TableModel<Uint32Array> =>
  new TableModel(table, (rows) => Uint32Array.from(rows, (row) => row.indexOf(Math.max(...row))));

export const topModel = (table: Table, count: number): TableModel<TopTokens> =>
  new TableModel(table, (rows) => {
    const sorted = rows.map((row) =>
      [...logs(row).entries()].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, count),
    );
    return {
      count: sorted[0].length,
      ids: Uint32Array.from(sorted.flat().map(([id]) => id)),
      logProbs: Float32Array.from(sorted.flat().map(([, logProb]) => logProb)),
    };
  });
