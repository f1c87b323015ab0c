// GPT-2 as a step-by-step model: one plan reads the prefixes, one plan appends a token to every row. Keys and
// values stay in caches on the GPU, so a step's work does not repeat what earlier steps did.
//
// Legend: N items, P prefix rows, Q rows of keys and values given before them, R = N × rowsPerItem sequences,
// L layers, C channels, Tmax rows of a cache.
import {
  attention,
  compile,
  copyInto,
  embedding,
  emptyTensor,
  noGrad,
  ShapeError,
  slice,
  tensor,
  TensorError,
  Tensor,
  writeRows,
  type InputSpec,
  type Plan,
} from '@foreword/tensor';
import { behindPast, type Gpt2 } from '../gpt2.ts';
import type { Readout } from './readout.ts';

export interface SessionShape {
  /** Prefixes decoded at once. */
  items: number;
  /** Rows of each prefix. */
  prefixRows: number;
  /** Rows whose keys and values are given (`past` of prefill); the caches begin with them. Default 0. */
  pastRows?: number;
  /** Sequences grown from each prefix (beams). With more than one, steps take `parents`. */
  rowsPerItem: number;
  /** Most tokens per sequence; the last one needs no step, unless `readsLast`. */
  maxTokens: number;
  /** Whether the last token is read too, as where candidates are read before one is chosen. Default false. */
  readsLast?: boolean;
}

type AnyPlan = Plan<Record<string, InputSpec>, Record<string, Tensor>>;

export class DecodeSession<R> {
  readonly shape: SessionShape;
  readonly #model: Gpt2;
  readonly #readout: Readout<R>;
  /** One per layer, [R, Tmax, 2C]: keys, then values. */
  readonly #caches: readonly Tensor[];
  readonly #prefill: AnyPlan;
  #append: AnyPlan | undefined;
  /** Rows in the caches; 0 before the prefix is read. */
  #length = 0;
  #isDisposed = false;

  private constructor(
    model: Gpt2,
    shape: SessionShape,
    readout: Readout<R>,
    caches: readonly Tensor[],
    prefill: AnyPlan,
  ) {
    this.#model = model;
    this.shape = shape;
    this.#readout = readout;
    this.#caches = caches;
    this.#prefill = prefill;
  }

  /**
   * Makes the caches and compiles the plan that reads prefixes; the other plan is compiled at the first step.
   * @throws ShapeError when prefix and tokens go beyond the model's positions.
   */
  static async open<R>(model: Gpt2, shape: SessionShape, readout: Readout<R>): Promise<DecodeSession<R>> {
    const { items, prefixRows, pastRows = 0, rowsPerItem, maxTokens, readsLast = false } = shape;
    const { n_embd, n_layer, n_positions } = model.config;
    const unread = readsLast ? 0 : 1;
    const before = pastRows + prefixRows;
    const rows = before + maxTokens - unread;
    if (rows > n_positions) {
      throw new ShapeError(
        `generation: ${before} prefix rows and ${maxTokens} tokens take ${rows} positions, the model has ${n_positions}; ` +
          `maxTokens can be at most ${n_positions - before + unread}`,
      );
    }
    const caches = Array.from({ length: n_layer }, () =>
      emptyTensor(model.device, [items * rowsPerItem, rows, 2 * n_embd], { persistent: true }),
    );
    try {
      const inputs: Record<string, InputSpec> = { prefix: { shape: [items, prefixRows, n_embd] } };
      if (pastRows > 0) inputs.past = { shape: [items, pastRows, 2 * n_layer * n_embd] };
      const prefill = await compile(model.device, inputs, ({ prefix, past }) =>
        noGrad(model.device, () => {
          const { logits, states } = readPrefix(model, { prefix, past, caches, rowsPerItem });
          return readout.trace(logits, states);
        }),
      );
      return new DecodeSession(model, shape, readout, caches, prefill);
    } catch (error) {
      for (const cache of caches) cache.dispose();
      throw error;
    }
  }

  /**
   * Starts anew with prefixes [N, P, C] (without positions), or with fewer than N: rows after theirs then mean
   * nothing. `past` [N, Q, L·2C] are the keys and values before them, as `HiddenOptions` has them. The answer has one
   * row per item.
   */
  async prefill(prefix: Tensor, past?: Tensor): Promise<R> {
    this.#assertOpen();
    const { prefixRows, pastRows = 0 } = this.shape;
    if (pastRows !== (past?.dim(1) ?? 0)) {
      throw new ShapeError(
        `generation: the past has ${past?.dim(1) ?? 0} rows, this session reads ${pastRows}`,
      );
    }
    giveTo(this.#prefill, 'prefix', prefix);
    if (past) giveTo(this.#prefill, 'past', past);
    this.#length = pastRows + prefixRows;
    return await this.#readout.read(this.#prefill.run());
  }

  /**
   * Appends `ids` [R]; row r first takes over the past of row `parents[r]`. The answer has R rows. Missing ids
   * (of items that are not there) stand for 0.
   */
  async step(ids: Uint32Array, parents?: Uint32Array): Promise<R> {
    this.#assertOpen();
    if (this.#length === 0) throw new TensorError('generation: step() before prefill()');
    if (this.#length >= this.#caches[0].dim(1)) {
      throw new TensorError(
        `generation: all ${this.shape.maxTokens} tokens of this session are taken; open one with more`,
      );
    }
    if (parents && this.shape.rowsPerItem === 1) {
      throw new TensorError('generation: parents need a session of several rows per item');
    }
    this.#append ??= await this.#compileAppend();
    const position = this.#length++;
    const R = this.#append.inputs.ids.size;
    const outputs = this.#append.run({
      ids: Uint32Array.from({ length: R }, (_, row) => ids[row] ?? 0),
      position: [position],
      keyCount: [position + 1],
      ...(this.shape.rowsPerItem > 1 && {
        parents: Uint32Array.from({ length: R }, (_, row) => parents?.[row] ?? row),
      }),
    });
    return await this.#readout.read(outputs);
  }

  async #compileAppend(): Promise<AnyPlan> {
    const { items, rowsPerItem } = this.shape;
    const rows = { shape: [items * rowsPerItem], dtype: 'u32' } as const;
    const one = { shape: [1], dtype: 'u32' } as const;
    const inputs: Record<string, InputSpec> = { ids: rows, position: one, keyCount: one };
    if (rowsPerItem > 1) inputs.parents = rows;
    const model = this.#model;
    return await compile(model.device, inputs, (given) =>
      noGrad(model.device, () => {
        if (given.parents) for (const cache of this.#caches) takeOver(cache, given.parents);
        const { ids, position, keyCount } = given;
        const read = appendTokens(model, { ids, position, keyCount, caches: this.#caches });
        return this.#readout.trace(read.logits, read.states);
      }),
    );
  }

  #assertOpen(): void {
    if (this.#isDisposed) throw new TensorError('generation: this session was disposed');
  }

  /** Frees plans and caches; the model stays. */
  dispose(): void {
    this.#isDisposed = true;
    this.#prefill.dispose();
    this.#append?.dispose();
    for (const cache of this.#caches) cache.dispose();
  }
}

/** Copies values [n, P, C] into an input [N, P, C] with N ≥ n of the plan. */
function giveTo(plan: AnyPlan, name: 'prefix' | 'past', values: Tensor): void {
  const { device, shape, dtype, storage } = plan.inputs[name];
  const [N, P, C] = shape;
  if (values.rank !== 3 || values.dim(0) > N || values.dim(1) !== P || values.dim(2) !== C) {
    throw new ShapeError(
      `generation: the ${name} is [${values.shape.join(', ')}], this session reads [${shape.join(', ')}]`,
    );
  }
  copyInto(values, new Tensor(device, values.shape, dtype, { storage }));
}

/** What the model makes of the rows it reads: the next token's logits, and on demand their hidden states. */
interface Reading {
  logits: Tensor;
  states(): Tensor;
}

interface Prefill {
  prefix: Tensor;
  past: Tensor | undefined;
  caches: readonly Tensor[];
  rowsPerItem: number;
}

/**
 * Prefixes [N, P, C] behind their past [N, Q, L·2C] → logits after each [N, V], states [N, P, C]; keys and values go to
 * the caches, repeated for every row of an item.
 */
function readPrefix(model: Gpt2, { prefix, past, caches, rowsPerItem }: Prefill): Reading {
  const { device, config } = model;
  const [N, P, C] = prefix.shape;
  const Q = past?.dim(1) ?? 0;
  const at = (row: number): Tensor => tensor(device, [row], [1], { dtype: 'u32' });
  const owners = Uint32Array.from({ length: N * rowsPerItem }, (_, row) => Math.floor(row / rowsPerItem));
  const ownerIds = rowsPerItem > 1 ? tensor(device, owners, [owners.length], { dtype: 'u32' }) : undefined;
  const repeated = (x: Tensor): Tensor => {
    const [, T, W] = x.shape;
    return ownerIds ? embedding(x.reshape([N, T * W]), ownerIds).reshape([owners.length, T, W]) : x;
  };
  const behind = at(Q);
  const start = past ? at(0) : behind;
  const hidden = model.blocks(model.addPositions(prefix, Q), (qkv, layer) => {
    writeRows(caches[layer], repeated(qkv), behind, { column: C });
    if (!past) return attention([qkv], { heads: config.n_head, causal: true });
    const given = model.pastOf(past, layer);
    writeRows(caches[layer], repeated(given), start);
    return attention(behindPast(given, qkv), { heads: config.n_head, causal: true });
  });
  const last = slice(hidden, { axis: 1, start: P - 1, end: P }).reshape([N, C]);
  return { logits: model.logits(last), states: () => model.normalise(hidden) };
}

interface Append {
  ids: Tensor;
  position: Tensor;
  keyCount: Tensor;
  caches: readonly Tensor[];
}

/** One token per row → logits [R, V], states [R, 1, C]. */
function appendTokens(model: Gpt2, { ids, position, keyCount, caches }: Append): Reading {
  const { n_embd: C, n_head: heads } = model.config;
  const R = ids.size;
  const x = model.addPosition(model.embed(ids).reshape([R, 1, C]), position);
  const hidden = model.blocks(x, (qkv, layer) => {
    writeRows(caches[layer], qkv, position, { column: C });
    return attention([slice(qkv, { axis: 2, end: C }), caches[layer]], { heads, causal: true, keyCount });
  });
  return { logits: model.logits(hidden.reshape([R, C])), states: () => model.normalise(hidden) };
}

/** Row r of the cache becomes a copy of row parents[r]. */
function takeOver(cache: Tensor, parents: Tensor): void {
  const [R, T, W] = cache.shape;
  copyInto(embedding(cache.reshape([R, T * W]), parents).reshape(cache.shape), cache);
}
