// What happens to a finished sum before it is stored: scale, bias, activation, slope, residual.
import type { OperandLike } from '../../kernel/kernel.ts';
import { aligned, window } from '../../kernel/kernel.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { activationWgsl } from '../unary/activations.ts';
import type { GemmPiece } from './gemm-piece.ts';

export interface Epilogue {
  read: Record<string, OperandLike>;
  write: Record<string, OperandLike>;
  /** `fn finish(at: u32, column: u32, acc: V)`: `at` and `column` count items of `vec` elements. */
  code: string;
}

/** Elements of C to store at once. */
export const storeWidth = ({ N, ldc, column, cWindow }: GemmPiece): 1 | 4 =>
  aligned(N, ldc, column, cWindow[1]) ? 4 : 1;

export function epilogue(p: GemmPiece, vec: 1 | 4): Epilogue {
  const [first, count] = p.cWindow;
  const active = p.finish;
  const bias = active ? p.bias : undefined;
  const pre = active ? p.pre : undefined;
  const residual = active ? p.residual : undefined;
  const slope = active ? p.slope : undefined;
  const activation = active ? p.activation : undefined;
  const used = activation ?? slope?.activation;
  const { scale = 1 } = p;
  return {
    read: {
      bias: bias && window(bias, 0, bias.size, vec),
      residual: residual && window(residual, first, count, vec),
      slopeOf: slope && window(slope.of, first, count, vec),
    },
    write: { c: window(p.out, first, count, vec), pre: pre && window(pre, first, count, vec) },
    code: wgsl`
${used && activationWgsl(used)}
fn finish(at: u32, column: u32, acc: V) {
  var v = acc${scale !== 1 && ` * ${f32Literal(scale)}`};
  ${p.accumulate && 'v += V(c[at]);'}
  ${bias && `v += V(bias[column + ${p.column / vec}u]);`}
  ${pre && 'pre[at] = pre_t(v);'}
  ${activation && 'v = activate(v);'}
  ${slope && 'v *= activateSlope(V(slopeOf[at]));'}
  ${residual && 'v += V(residual[at]);'}
  c[at] = c_t(v);
}`,
  };
}
