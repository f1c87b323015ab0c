// Joins chains of pointwise kernels: a result that one other pointwise kernel reads, and nobody else, is never stored.
//
// What would be stored as f16 stays stored: drivers drop the rounding between two kernels once these are one.
// Only the kernels that ops describe as graphs take part (kernel/pointwise.ts). The order of everything else stays, and what
// a kernel reads must not be written between its old place and its new one.
import type { Storage } from '../core/storage.ts';
import { bytesPerElement } from '../dtype/dtype.ts';
import type { KernelCall } from '../kernel/kernel.ts';
import {
  isSameOperand,
  type PointwiseGraph,
  type PointwiseOperand,
  type StageInput,
} from '../kernel/pointwise-graph.ts';

export interface FuseOptions {
  /** Storages that outlive the plan's kernels: its outputs. */
  pinned: ReadonlySet<Storage>;
  /** Most storage buffers of one kernel. */
  storageBuffers: number;
  /** Most bytes of one binding: what is larger takes several. */
  bindingBytes: number;
  /** Makes the kernel of a graph. */
  build(graph: PointwiseGraph): KernelCall;
}

/** `consumer` with the operand `producer.out` computed instead of read; undefined when names of functions clash. */
function join(producer: PointwiseGraph, consumer: PointwiseGraph): PointwiseGraph | undefined {
  const made = (operand: PointwiseOperand): boolean => operand.tensor.storage === producer.out.storage;
  const operands = [...producer.operands];
  // Consumer operand → place in the joined list; what the producer makes is its last stage.
  const places = consumer.operands.map((operand): StageInput => {
    if (made(operand)) return { stage: producer.stages.length - 1 };
    const known = operands.findIndex((other) => isSameOperand(operand, other));
    return { operand: known >= 0 ? known : operands.push(operand) - 1 };
  });
  const moved = consumer.stages.map((stage) => ({
    ...stage,
    inputs: stage.inputs.map((input) =>
      'operand' in input ? places[input.operand] : { stage: input.stage + producer.stages.length },
    ),
  }));
  const stages = [...producer.stages, ...moved];
  const widest = producer.widest === 4 && consumer.widest === 4 ? 4 : 1;
  return hasClash(stages.flatMap(({ prelude }) => prelude))
    ? undefined
    : { operands, stages, out: consumer.out, widest };
}

const bindingsOf = ({ operands, out }: PointwiseGraph, bindingBytes: number): number =>
  [out, ...operands.map(({ tensor }) => tensor)].reduce(
    (sum, { size, dtype }) => sum + Math.max(1, Math.ceil((size * bytesPerElement[dtype]) / bindingBytes)),
    0,
  );

/** Whether two different texts declare a function of one name. */
function hasClash(preludes: readonly string[]): boolean {
  const owner = new Map<string, string>();
  for (const text of new Set(preludes)) {
    for (const [, name] of text.matchAll(/\bfn (\w+)/g)) {
      if (owner.has(name)) return true;
      owner.set(name, text);
    }
  }
  return false;
}

/** The storage whose memory it is: a redirected one lies in another. */
const root = (storage: Storage): Storage => (storage.target ? root(storage.target) : storage);
const touches = (call: KernelCall, storage: Storage, access: 'r' | 'w'): boolean =>
  call.bindings.some((b, i) => root(b.storage) === root(storage) && call.layout[i] === access);

/** The calls with every chain of pointwise kernels joined, in their order. */
export function fusePointwise(calls: readonly KernelCall[], options: FuseOptions): KernelCall[] {
  const kept: (KernelCall | undefined)[] = [...calls];
  const uses = new Map<Storage, { writers: number[]; readers: number[] }>();
  calls.forEach((call, at) => {
    call.bindings.forEach(({ storage }, i) => {
      const use = uses.get(storage) ?? { writers: [], readers: [] };
      uses.set(storage, use);
      const list = call.layout[i] === 'r' ? use.readers : use.writers;
      if (list.at(-1) !== at) list.push(at);
    });
  });
  /**
   * Where the one kernel that makes this operand of `graph` stands, if the consumer at `at` is all that reads it, and reads
   * it element by element everywhere: `t + flip(t)` needs t stored.
   */
  const producerOf = (
    graph: PointwiseGraph,
    { tensor }: PointwiseOperand,
    at: number,
  ): number | undefined => {
    const { storage } = tensor;
    const isPlain = graph.operands.every(
      ({ tensor: other, index, isSplat, inside }) =>
        other.storage !== storage ||
        (!index &&
          !isSplat &&
          !inside &&
          other.byteOffset === tensor.byteOffset &&
          other.size === tensor.size),
    );
    if (
      !isPlain ||
      tensor.dtype === 'f16' ||
      !storage.isVirtual ||
      storage.target ||
      options.pinned.has(storage)
    )
      return undefined;
    const { writers, readers } = uses.get(storage)!;
    if (writers.length !== 1 || readers.length !== 1 || readers[0] !== at) return undefined;
    const made = kept[writers[0]]?.pointwise;
    const isWhole = made?.out.size === tensor.size && made.out.byteOffset === tensor.byteOffset;
    return isWhole ? writers[0] : undefined;
  };
  const mayMove = (from: number, to: number): boolean => {
    const call = kept[from]!;
    for (let k = from + 1; k < to; k++) {
      const between = kept[k];
      if (
        between &&
        call.bindings.some(({ storage }) => touches(call, storage, 'r') && touches(between, storage, 'w'))
      )
        return false;
    }
    return true;
  };
  for (let at = 0; at < kept.length; at++) {
    for (let graph = kept[at]?.pointwise, k = 0; graph && k < graph.operands.length; k++) {
      const from = producerOf(graph, graph.operands[k], at);
      if (from === undefined || !mayMove(from, at)) continue;
      const joined = join(kept[from]!.pointwise!, graph);
      if (!joined || bindingsOf(joined, options.bindingBytes) > options.storageBuffers) continue;
      // The result may be written where the consumer's was, so no operand may lie there.
      if (joined.operands.some(({ tensor }) => root(tensor.storage) === root(joined.out.storage))) continue;
      for (const { tensor } of kept[from]!.pointwise!.operands) {
        const use = uses.get(tensor.storage)!;
        use.readers = [...new Set(use.readers.map((reader) => (reader === from ? at : reader)))];
      }
      kept[from] = undefined;
      kept[at] = options.build(joined);
      graph = joined;
      k = -1;
    }
  }
  return kept.filter((call) => call !== undefined);
}
