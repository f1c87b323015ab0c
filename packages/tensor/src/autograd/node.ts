// One recorded op application: enough to run its VJP later.
import type { AnyOp } from '../op.ts';
import type { Tensor } from '../tensor.ts';

let lastId = 0;

export class GradNode {
  /** Grows with creation: a node's inputs have smaller ids, so descending order is a reverse topological one. */
  readonly id = ++lastId;
  readonly op: AnyOp;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly Tensor[];
  readonly attrs: unknown;

  constructor(
    op: AnyOp,
    inputs: readonly (Tensor | undefined)[],
    outputs: readonly Tensor[],
    attrs: unknown,
  ) {
    this.op = op;
    this.inputs = inputs;
    this.outputs = outputs;
    this.attrs = attrs;
  }
}
