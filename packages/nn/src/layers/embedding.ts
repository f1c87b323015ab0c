// Embedding: rows of a table by number, torch.nn.Embedding.
import { cast, embedding, type Tensor } from '@foreword/tensor';
import { normal, type Init } from '../init.ts';
import { Module } from '../module.ts';
import type { Parameters } from '../parameters.ts';

export interface EmbeddingOptions {
  /** Default: standard normal, as in PyTorch. */
  init?: Init;
}

export class Embedding extends Module {
  readonly weight: Tensor;

  /** @param rows how many ids there are; @param width numbers in a row */
  constructor(p: Parameters, rows: number, width: number, { init = normal() }: EmbeddingOptions = {}) {
    super();
    this.weight = p.get('weight', [rows, width], init);
  }

  /** ids [...] (u32 or i32) → [..., C] in f32. */
  forward(ids: Tensor): Tensor {
    const rows = embedding(this.weight, ids);
    return rows.dtype === 'f32' ? rows : cast(rows, 'f32');
  }
}
