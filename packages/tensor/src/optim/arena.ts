// A parameter arena: all trainable tensors of a model side by side in one buffer, with gradients and the
// optimiser's moments laid out alike, so that one kernel updates everything. Buffers beyond the adapter's limit
// are cut into segments; a parameter never straddles two.
import type { Device } from '../core/device.ts';
import { LimitError } from '../core/errors.ts';
import { formatShape } from '../core/shape.ts';
import type { Storage } from '../core/storage.ts';
import { copyInto } from '../ops/unary/cast.ts';
import { emptyTensor, Tensor } from '../tensor.ts';

/** Elements between starts: 256 bytes, WebGPU's offset alignment for bindings. */
const alignment = 64;

/** Memory of all arenas that are alive: a parameter there belongs to an optimiser. */
const owned = new WeakSet<Storage>();

/** True for a parameter that an optimiser has gathered. */
export const isInArena = (t: Tensor): boolean => owned.has(t.storage);

/** Whole tensors [elements], gaps included (gaps stay zero). */
export interface Segment {
  values: Tensor;
  grads: Tensor;
  /** One for each of the arena's moments, in order. */
  moments: readonly Tensor[];
  slots: readonly Slot[];
  /** Elements before this one belong to parameters with weight decay. */
  decayEnd: number;
}

export interface Slot {
  name: string;
  parameter: Tensor;
  grad: Tensor;
  moments: readonly Tensor[];
  /** The f32 values of an f16 parameter, which keeps memory of its own. */
  master: Tensor | undefined;
  /** First element in the segment, and the first one behind it with its gap. */
  begin: number;
  end: number;
}

export interface ArenaOptions {
  /** The optimiser, in errors and labels. */
  of: string;
  /** What is kept for each parameter besides its gradient: `m`, `v`. */
  moments: readonly string[];
  decays: (name: string) => boolean;
}

export class ParameterArena {
  readonly device: Device;
  readonly segments: Segment[] = [];
  /** In the order of the parameters given. */
  readonly slots: Slot[];
  readonly elements: number;

  /**
   * Moves `parameters` (leaves) into the arena: their storage changes, their values stay. Of those in f16 it holds f32 values.
   * @throws LimitError for a parameter no buffer can hold; nothing has moved then.
   */
  constructor(parameters: ReadonlyMap<string, Tensor>, { of, moments, decays }: ArenaOptions) {
    const [{ device }] = parameters.values();
    this.device = device;
    const most = Math.floor(device.gpu.limits.maxBufferSize / 4);
    const names = [...parameters.keys()];
    const plans: { places: [name: string, begin: number, end: number][]; decayEnd: number }[] = [];
    const endOf = (plan: (typeof plans)[number]): number => plan.places.at(-1)![2];
    for (const name of [...names.filter(decays), ...names.filter((n) => !decays(n))]) {
      const p = parameters.get(name)!;
      const room = Math.ceil(p.size / alignment) * alignment;
      if (p.size > most) {
        throw new LimitError(
          `${of}: ${name} ${formatShape(p.shape)} is over this adapter's buffer limit of ${most * 4} bytes`,
        );
      }
      let plan = plans.at(-1);
      if (!plan || endOf(plan) + p.size > most) plans.push((plan = { places: [], decayEnd: 0 }));
      const begin = plan.places.length === 0 ? 0 : endOf(plan);
      plan.places.push([name, begin, begin + room]);
      if (decays(name)) plan.decayEnd = begin + room;
    }
    const made = new Map<string, Slot>();
    for (const plan of plans) {
      const whole = (what: string): Tensor =>
        new Tensor(device, [endOf(plan)], 'f32', {
          storage: device.allocatePersistent(endOf(plan) * 4, `${of} ${what}`),
        });
      const values = whole('values');
      const grads = whole('gradients');
      const all = moments.map((moment) => whole(moment));
      const slots = plan.places.map(([name, begin, end]): Slot => {
        const p = parameters.get(name)!;
        const view = (t: Tensor): Tensor =>
          new Tensor(device, p.shape, 'f32', { storage: t.storage, byteOffset: begin * 4 });
        const place = view(values);
        copyInto(p, place);
        const isMaster = p.dtype !== 'f32';
        if (isMaster) owned.add(p.storage);
        else moveTo(p, place, { frees: true });
        const master = isMaster ? place : undefined;
        return { name, parameter: p, grad: view(grads), moments: all.map(view), master, begin, end };
      });
      for (const slot of slots) made.set(slot.name, slot);
      owned.add(values.storage);
      this.segments.push({ values, grads, moments: all, slots, decayEnd: plan.decayEnd });
    }
    this.slots = names.map((name) => made.get(name)!);
    this.elements = this.segments.reduce((n, s) => n + s.values.size, 0);
  }

  /** Rounds the f32 values of f16 parameters into them. */
  publish(): void {
    for (const { parameter, master } of this.slots) if (master) copyInto(master, parameter);
  }

  /** Gives the parameters memory of their own again and frees the arena. */
  release(): void {
    for (const { parameter, master } of this.slots) {
      if (master) {
        owned.delete(parameter.storage);
        continue;
      }
      const own = emptyTensor(this.device, parameter.shape, { persistent: true, madeBy: 'parameter' });
      moveTo(parameter, copyInto(parameter, own), { frees: false });
    }
    this.#free();
  }

  /** Frees the arena, parameters included. */
  dispose(): void {
    for (const { parameter, master } of this.slots) if (master) parameter.dispose();
    this.#free();
  }

  #free(): void {
    for (const { values, grads, moments } of this.segments)
      for (const t of [values, grads, ...moments]) t.dispose();
  }
}

/** The same Tensor, with the memory of another one. */
function moveTo(t: Tensor, place: Tensor, { frees }: { frees: boolean }): void {
  if (frees) t.dispose();
  t.storage = place.storage;
  t.byteOffset = place.byteOffset;
}
