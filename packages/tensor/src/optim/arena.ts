// A parameter arena: all trainable tensors of a model side by side in one buffer, with gradients and both
// moments laid out alike, so that one kernel updates everything. Buffers beyond the adapter's limit are cut
// into segments; a parameter never straddles two.
import type { Device } from '../core/device.ts';
import { LimitError, TensorError } from '../core/errors.ts';
import { formatShape } from '../core/shape.ts';
import { copyInto } from '../ops/unary/cast.ts';
import { Tensor } from '../tensor.ts';

/** Elements between starts: 256 bytes, WebGPU's offset alignment for bindings. */
const alignment = 64;

export interface Segment {
  /** Whole-segment tensors [elements], gaps included (gaps stay zero). */
  values: Tensor;
  grads: Tensor;
  firstMoment: Tensor;
  secondMoment: Tensor;
  /** Elements before this one belong to parameters with weight decay. */
  decayEnd: number;
}

export interface Slot {
  name: string;
  parameter: Tensor;
  grad: Tensor;
  firstMoment: Tensor;
  secondMoment: Tensor;
}

export class ParameterArena {
  readonly segments: Segment[] = [];
  readonly slots: Slot[] = [];
  readonly elements: number;

  /**
   * Moves `parameters` (f32 leaves) into the arena: their storage changes, their values stay.
   * @throws TensorError for a dtype other than f32; LimitError for a parameter no buffer can hold.
   */
  constructor(
    device: Device,
    parameters: Readonly<Record<string, Tensor>>,
    decays: (name: string) => boolean,
  ) {
    const most = Math.floor(device.gpu.limits.maxBufferSize / 4);
    const names = Object.keys(parameters);
    const ordered = [...names.filter(decays), ...names.filter((name) => !decays(name))];
    const plans: { names: string[]; starts: number[]; elements: number; decayEnd: number }[] = [];
    for (const name of ordered) {
      const p = parameters[name];
      if (p.dtype !== 'f32')
        throw new TensorError(`AdamW: ${name} is ${p.dtype}; trainable parameters must be f32`);
      if (p.size > most) {
        throw new LimitError(
          `AdamW: ${name} ${formatShape(p.shape)} is over this adapter's buffer limit of ${most * 4} bytes`,
        );
      }
      let plan = plans.at(-1);
      if (!plan || plan.elements + p.size > most)
        plans.push((plan = { names: [], starts: [], elements: 0, decayEnd: 0 }));
      plan.names.push(name);
      plan.starts.push(plan.elements);
      plan.elements += Math.ceil(p.size / alignment) * alignment;
      if (decays(name)) plan.decayEnd = plan.elements;
    }
    const made = new Map<string, Slot>();
    for (const { names: members, starts, elements, decayEnd } of plans) {
      const whole = (what: string): Tensor =>
        new Tensor(device, [elements], 'f32', {
          storage: device.allocatePersistent(elements * 4, `AdamW ${what}`),
        });
      const segment: Segment = {
        values: whole('values'),
        grads: whole('gradients'),
        firstMoment: whole('first moments'),
        secondMoment: whole('second moments'),
        decayEnd,
      };
      this.segments.push(segment);
      members.forEach((name, i) => {
        const p = parameters[name];
        const view = (t: Tensor): Tensor =>
          new Tensor(device, p.shape, 'f32', { storage: t.storage, byteOffset: starts[i] * 4 });
        const place = view(segment.values);
        copyInto(p, place);
        p.dispose();
        p.storage = place.storage;
        p.byteOffset = place.byteOffset;
        made.set(name, {
          name,
          parameter: p,
          grad: view(segment.grads),
          firstMoment: view(segment.firstMoment),
          secondMoment: view(segment.secondMoment),
        });
      });
    }
    this.slots = names.map((name) => made.get(name)!);
    this.elements = this.segments.reduce((n, s) => n + s.values.size, 0);
  }

  dispose(): void {
    for (const { values, grads, firstMoment, secondMoment } of this.segments) {
      for (const t of [values, grads, firstMoment, secondMoment]) t.dispose();
    }
  }
}
