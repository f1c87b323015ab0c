// From an op's kernel description to WGSL text, bindings and a dispatch grid.
//
// An op writes only what is its own: `fn thread(i: u32)` (one invocation per item) or
// `fn group(g: u32, lane: u32)` (one workgroup per item). Declarations, element types, constants and the
// split of more than 65 535 workgroups over two dimensions are made here.
import type { DType } from '../dtype/dtype.ts';
import { bytesPerElement } from '../dtype/dtype.ts';
import { LimitError } from '../core/errors.ts';
import type { Storage } from '../core/storage.ts';
import type { Bindable } from './bindable.ts';
import { nonFiniteWgsl } from './non-finite.ts';
import type { PointwiseGraph } from './pointwise-graph.ts';
import { accessSegments, segmentAccessors, type Segmented } from './segments.ts';
import { enableSubgroupMatrices } from './subgroup-matrix.ts';
import { wgsl } from './wgsl.ts';

/** A tensor as one kernel sees it: whole or a window of it, by element or by vectors of 2 or 4. */
export interface Operand {
  tensor: Bindable;
  /** Elements per array item; the tensor's size must be a multiple of it. */
  vec: 1 | 2 | 4;
  /** First element of the window; its byte offset must be a multiple of 256. */
  first: number;
  count: number;
}

export type OperandLike = Bindable | Operand | undefined;

export interface KernelSpec {
  /** Name in profiles, labels and errors; the op's name by default. */
  name?: string;
  read?: Record<string, OperandLike>;
  /** Written, or read and written in place. */
  write?: Record<string, OperandLike>;
  /** Whole numbers become u32 constants, strings are pasted as they are. */
  consts?: Record<string, number | string>;
  /**
   * Whole numbers that differ between calls of the same kernel: u32 constants too, or, where compiling costs more than
   * constants save (software adapters), read from a uniform buffer, so that one pipeline serves all of them.
   */
  sizes?: Record<string, number>;
  /** One invocation each, of `fn thread(i: u32)`. */
  threads?: number;
  /** One workgroup each, of `fn group(g: u32, lane: u32)`. */
  groups?: number;
  workgroupSize?: number;
  /** Enables subgroup functions; `subgroupLane` is the invocation's place in its subgroup. */
  subgroups?: boolean;
  /**
   * Enables subgroup matrices with factors of this type; `group` takes the number of its subgroup within the workgroup
   * as a third argument, since nothing that passes through a variable counts as the same for a whole subgroup.
   */
  subgroupMatrices?: 'f16' | 'f32';
  /** Floating-point operations, for profiles. */
  flops?: number;
  /** What a pointwise kernel computes, so that a plan can join it with others. */
  pointwise?: PointwiseGraph;
  code: string;
}

export interface BoundStorage {
  storage: Storage;
  byteOffset: number;
  byteLength: number;
  /** Of a tensor without elements: there is nothing in it to read. */
  isEmpty: boolean;
}

/** One dispatch: what to run, on which memory, how wide. Eager mode encodes it, a plan keeps it. */
export interface KernelCall {
  name: string;
  code: string;
  /** `r` for each read-only binding, `w` for each writable one, in binding order, then `u` for sizes. */
  layout: string;
  bindings: BoundStorage[];
  /** What the uniform buffer of sizes holds; empty where there is none. */
  sizes: readonly number[];
  grid: [number, number];
  flops: number;
  pointwise?: PointwiseGraph;
}

/** A call for error messages: its name and the tensors it works on, with their shapes. */
export const describeCall = ({ name, bindings }: KernelCall): string =>
  `${name} (${[...new Set(bindings.map((b) => b.storage.label))].join(', ')})`;

export interface KernelLimits {
  bindingBytes: number;
  /** Most storage buffers of one kernel. */
  storageBuffers: number;
  workgroupsPerDimension: number;
  hasF16: boolean;
  /** Hide loop counts from the driver's compiler, see `hideLoopCounts`, and read sizes when running. */
  hidesLoopCounts: boolean;
}

export const window = (tensor: Bindable, first: number, count: number, vec: 1 | 2 | 4 = 1): Operand => ({
  tensor,
  vec,
  first,
  count,
});

/** The tensor as an array of vec4 (vec2): four (two) elements per load. */
export const vec4 = (tensor: Bindable): Operand => window(tensor, 0, tensor.size, 4);
export const vec2 = (tensor: Bindable): Operand => window(tensor, 0, tensor.size, 2);

/** Whether all of these sizes and places are whole numbers of vec4s. */
export const aligned = (...sizes: number[]): boolean => sizes.every((n) => n % 4 === 0);

const toOperand = (x: Bindable | Operand): Operand => ('vec' in x ? x : window(x, 0, x.size));

const itemType = (dtype: DType, vec: number): string => (vec === 1 ? dtype : `vec${vec}<${dtype}>`);

/**
 * Makes the bound of every counted loop unknown to the driver's compiler, so that it does not unroll. Shapes
 * are constants here, and a CPU adapter's compiler spends about 80 ms on each load it meets: an unrolled
 * layerNorm took it five seconds, a rolled one takes a fraction of one, and runs no slower.
 */
function hideLoopCounts(code: string, array: string, isHidden: (bound: string) => boolean): string {
  const hidden = code.replace(
    /for \(var (\w+) = ([^;]*); \1 < ([^;]+);/g,
    (loop, name: string, from: string, bound: string) =>
      /^[1-4]u$/.test(bound.trim()) || isHidden(bound.trim())
        ? loop
        : `for (var ${name} = ${from}; ${name} < (${bound}) + hiddenZero();`,
  );
  return hidden === code
    ? code
    : `fn hiddenZero() -> u32 { return u32(arrayLength(&${array}) == 0u); }\n${hidden}`;
}

/** How a kernel gets its sizes from the uniform buffer at `binding`; undefined where there are none. */
function sizesFromBuffer(sizes: Record<string, number>, binding: number) {
  const names = Object.keys(sizes);
  if (names.length === 0) return undefined;
  const anyName = new RegExp(`\\b(${names.join('|')})\\b`, 'g');
  return {
    values: Object.values(sizes),
    declaration: wgsl`struct Sizes { ${names.map((name) => `${name}: u32,`)} }
@group(0) @binding(${binding}) var<uniform> sizes: Sizes;`,
    // No variables of the shader: WGSL holds what they contain for different in each invocation, and forbids subgroup
    // functions in loops that depend on them.
    inserted: (text: string): string => text.replace(anyName, 'sizes.$1'),
  };
}

export function buildCall(opName: string, spec: KernelSpec, limits: KernelLimits): KernelCall | undefined {
  const name = spec.name ?? opName;
  const items = spec.threads ?? spec.groups ?? 0;
  if (items === 0) return undefined;
  const bindings: BoundStorage[] = [];
  const labels: string[] = [];
  let layout = '';
  let usesF16 = false;
  const declarations: string[] = [];
  const segmented: Segmented[] = [];
  const bind = (label: string, like: OperandLike, access: 'r' | 'w'): void => {
    if (!like) return;
    const { tensor, vec, first, count } = toOperand(like);
    const width = bytesPerElement[tensor.dtype];
    const byteLength = Math.max(4, Math.ceil((count * width) / 4) * 4);
    if (count % vec !== 0)
      throw new LimitError(`${name}: ${label} has ${count} elements, no multiple of ${vec}`);
    usesF16 ||= tensor.dtype === 'f16';
    const mode = access === 'r' ? 'read' : 'read_write';
    const type = itemType(tensor.dtype, vec);
    // Pieces begin at multiples of 256 bytes, which is a whole number of items whatever their type.
    const pieceBytes =
      byteLength > limits.bindingBytes ? Math.floor(limits.bindingBytes / 256) * 256 : byteLength;
    const pieces = Math.ceil(byteLength / pieceBytes);
    declarations.push(`alias ${label}_t = ${type};`);
    for (let k = 0; k < pieces; k++) {
      const array = pieces > 1 ? `${label}_s${k}` : label;
      declarations.push(
        `@group(0) @binding(${bindings.length}) var<storage, ${mode}> ${array}: array<${type}>;`,
      );
      bindings.push({
        storage: tensor.storage,
        byteOffset: tensor.byteOffset + first * width + k * pieceBytes,
        byteLength: Math.min(pieceBytes, byteLength - k * pieceBytes),
        isEmpty: count === 0,
      });
      labels.push(array);
      layout += access;
    }
    if (pieces > 1) {
      const itemsPerPiece = pieceBytes / (width * vec);
      segmented.push({ name: label, itemsPerPiece, pieces, writable: access === 'w' });
    }
  };
  for (const [label, like] of Object.entries(spec.read ?? {})) bind(label, like, 'r');
  for (const [label, like] of Object.entries(spec.write ?? {})) bind(label, like, 'w');
  if (segmented.length > 0 && bindings.length > limits.storageBuffers) {
    throw new LimitError(
      `${name}: its tensors take ${bindings.length} bindings of at most ${limits.bindingBytes} bytes, but this adapter binds ` +
        `${limits.storageBuffers} at once; split the tensors or use f16`,
    );
  }
  usesF16 ||= spec.subgroupMatrices === 'f16';
  if (usesF16 && !limits.hasF16) {
    throw new LimitError(`${name}: this adapter has no shader-f16; load with dtype 'f32'`);
  }
  const workgroupSize = spec.workgroupSize ?? 64;
  const workgroups = spec.groups ?? Math.ceil(items / workgroupSize);
  const perRow = limits.workgroupsPerDimension;
  const grid: [number, number] = [Math.min(workgroups, perRow), Math.ceil(workgroups / perRow)];
  if (grid[1] > perRow)
    throw new LimitError(`${name}: ${workgroups} workgroups are more than WebGPU can dispatch`);
  const isBounded = spec.threads !== undefined || grid[1] > 1;
  const sizes = spec.sizes && { ...spec.sizes, ...(isBounded && { ITEMS: items }) };
  const runtime = limits.hidesLoopCounts ? sizesFromBuffer(sizes ?? {}, bindings.length) : undefined;
  const fixed: KernelSpec['consts'] = { ...spec.consts, ...(runtime ? {} : sizes) };
  const constants = Object.entries(fixed).map(([key, value]) =>
    typeof value === 'string' ? `const ${key} = ${value};` : `const ${key}: u32 = ${value}u;`,
  );
  if (runtime) layout += 'u';
  // A bound that is computed from sizes may still tell the compiler how many turns there are at most.
  const isHidden = (bound: string): boolean => runtime !== undefined && bound in spec.sizes!;
  const reached = segmented.reduce(accessSegments, spec.code);
  const written = limits.hidesLoopCounts ? hideLoopCounts(reached, labels[0], isHidden) : reached;
  const count = sizes ? 'ITEMS' : `${items}u`;
  const group = (g: string): string => `group(${g}, lane${spec.subgroupMatrices ? ', subgroup' : ''});`;
  const linear = grid[1] > 1 ? `(wid.x + wid.y * ${grid[0]}u)` : 'wid.x';
  const body =
    spec.threads !== undefined
      ? `let i = ${linear} * ${workgroupSize}u + lane;\n  if (i < ${count}) { thread(i); }`
      : grid[1] > 1
        ? `let g = ${linear};\n  if (g < ${count}) { ${group('g')} }`
        : group('wid.x');
  const code = [
    usesF16 ? 'enable f16;' : '',
    spec.subgroups ? 'enable subgroups;\nvar<private> subgroupLane: u32;' : '',
    spec.subgroupMatrices ? enableSubgroupMatrices : '',
    ...declarations,
    ...segmented.map(segmentAccessors),
    nonFiniteWgsl(written),
    ...constants,
    runtime?.declaration,
    runtime ? runtime.inserted(written) : written,
    `@compute @workgroup_size(${workgroupSize})`,
    `fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lane: u32`,
    spec.subgroupMatrices ? ', @builtin(subgroup_id) subgroup: u32' : '',
    spec.subgroups ? ', @builtin(subgroup_invocation_id) place: u32) {\n  subgroupLane = place;' : ') {',
    `  ${runtime ? runtime.inserted(body) : body}`,
    `}`,
  ]
    .filter(Boolean)
    .join('\n');
  const { flops = 0, pointwise } = spec;
  return { name, code, layout, bindings, sizes: runtime?.values ?? [], grid, flops, pointwise };
}
