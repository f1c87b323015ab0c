// Matrix product in workgroup tiles for GPUs: 64 × 64 of C per workgroup, 4 × 4 per invocation.
import { window, type KernelSpec } from '../../kernel/kernel.ts';
import { repeat, wgsl } from '../../kernel/wgsl.ts';
import { epilogue } from './epilogue.ts';
import { gathered } from './gather.ts';
import type { GemmPiece } from './gemm.ts';

const tile = 64;
const depth = 16;
const side = 16;

export function tileKernel(p: GemmPiece): KernelSpec {
  const { M, N, K, transA = false, transB = false, batch = 1, gather } = p;
  const tail = epilogue(p, 1);
  const columns = Math.ceil(N / tile);
  const rows = Math.ceil(M / tile);
  const aBatch = (transA ? K : M) * p.lda;
  const bBatch = (transB ? N : K) * p.ldb;
  const aAt = `f32(a[aBase + ${transA ? `k * ${p.lda}u + m` : `m * ${p.lda}u + k`}])`;
  const bAt = `f32(b[bBase + ${transB ? `n * ${p.ldb}u + k` : `k * ${p.ldb}u + n`}])`;
  // Neighbouring invocations load neighbouring addresses, whichever way the matrix lies.
  const load = (
    fast: 'k' | 'other',
    other: 'm' | 'n',
    name: 'a' | 'b',
    at: string,
    size: number,
  ): string => wgsl`
    for (var q = lane; q < ${tile * depth}u; q += 256u) {
      let ${fast === 'k' ? 'kk' : 'oo'} = q % ${fast === 'k' ? depth : tile}u;
      let ${fast === 'k' ? 'oo' : 'kk'} = q / ${fast === 'k' ? depth : tile}u;
      let ${other} = ${other}0 + oo;
      let k = k0 + kk;
      var v = 0.0f;
      if (${other} < ${size}u && k < ${K}u) { v = ${at}; }
      ${name}Tile[kk * ${tile + 4}u + oo] = v;
    }`;
  return {
    name: p.name ?? `matmul ${transA ? 'T' : 'N'}${transB ? 'T' : 'N'}`,
    read: { a: window(p.a, ...p.aWindow), b: window(p.b, ...p.bWindow), ...tail.read },
    write: tail.write,
    groups: batch * rows * columns,
    workgroupSize: 256,
    flops: 2 * batch * M * N * K,
    code: wgsl`
alias V = f32;
${tail.code}
${gather && gathered(gather, K)}
var<workgroup> aTile: array<f32, ${depth * (tile + 4)}>;
var<workgroup> bTile: array<f32, ${depth * (tile + 4)}>;
fn group(g: u32, lane: u32) {
  let n0 = (g % ${columns}u) * ${tile}u;
  let m0 = ((g / ${columns}u) % ${rows}u) * ${tile}u;
  let batch = g / ${columns * rows}u;
  let aBase = batch * ${aBatch}u + ${p.aOffset}u;
  let bBase = batch * ${bBatch}u;
  let tx = (lane % ${side}u) * 4u;
  let ty = (lane / ${side}u) * 4u;
  ${repeat(4, (r) => `var s${r} = vec4f();`)}
  for (var k0 = 0u; k0 < ${K}u; k0 += ${depth}u) {
    ${load(transA ? 'other' : 'k', 'm', 'a', gather ? 'gathered(m, k)' : aAt, M)}
    ${load(transB ? 'k' : 'other', 'n', 'b', bAt, N)}
    workgroupBarrier();
    for (var kk = 0u; kk < ${depth}u; kk++) {
      let at = kk * ${tile + 4}u;
      let bv = vec4f(bTile[at + tx], bTile[at + tx + 1u], bTile[at + tx + 2u], bTile[at + tx + 3u]);
      ${repeat(4, (r) => `s${r} = fma(vec4f(aTile[at + ty + ${r}u]), bv, s${r});`)}
    }
    workgroupBarrier();
  }
  let cBase = batch * ${M * p.ldc}u + ${p.column}u;
  ${repeat(
    4,
    (r) => wgsl`if (m0 + ty + ${r}u < ${M}u) {
    ${repeat(4, (q) => `if (n0 + tx + ${q}u < ${N}u) { finish(cBase + (m0 + ty + ${r}u) * ${p.ldc}u + n0 + tx + ${q}u, n0 + tx + ${q}u, s${r}[${q}]); }`)}
  }`,
  )}
}`,
  };
}
