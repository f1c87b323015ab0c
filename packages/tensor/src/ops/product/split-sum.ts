// Second half of a product whose K was shared out: adds the partial sums in the order of their shares and finishes them.
import { window, type KernelSpec } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { epilogue, storeWidth } from './epilogue.ts';
import type { GemmPiece } from './gemm-piece.ts';
import type { Split } from './tile-kernel.ts';

/** C of the piece from `partials` [count, M, N], with scale, bias and what else its epilogue holds. */
export function splitSumKernel(p: GemmPiece, { count, partials }: Split): KernelSpec {
  const vec = storeWidth(p);
  const { code, read, write } = epilogue(p, vec);
  const units = p.N / vec;
  return {
    name: p.name ?? 'matmul',
    read: { partials: window(partials, 0, partials.size, vec), ...read },
    write,
    threads: p.M * units,
    flops: (count - 1) * p.M * p.N,
    code: wgsl`
alias V = ${vec === 4 ? 'vec4f' : 'f32'};
${code}
fn thread(i: u32) {
  var sum = partials[i];
  for (var share = 1u; share < ${count}u; share++) { sum += partials[share * ${p.M * units}u + i]; }
  finish(i / ${units}u * ${p.ldc / vec}u + i % ${units}u + ${p.column / vec}u, i % ${units}u, sum);
}`,
  };
}
