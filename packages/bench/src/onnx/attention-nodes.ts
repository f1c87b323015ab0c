// Multi-head attention as ONNX nodes: ONNX Runtime's fused operator, or the operators that exporters write.
//
// Legend: B batch, S new rows, K past rows, C channels, H heads, D = C/H.
import type { OnnxGraph } from './onnx-graph.ts';

export interface AttentionNodes {
  B: number;
  H: number;
  D: number;
  /** Added to the scores, broadcast to [B, H, S, K + S]. */
  bias?: string;
  /** Keys and values [B, H, K, D] before the new ones. */
  past?: { key: string; value: string };
  /** Use `com.microsoft.MultiHeadAttention`. */
  fused: boolean;
}

/** q, k, v [B, S, C] → mixed [B, S, C], and with a past all keys and values [B, H, K + S, D]. */
export function attentionNodes(
  graph: OnnxGraph,
  qkv: readonly [q: string, k: string, v: string],
  { B, H, D, bias = '', past, fused }: AttentionNodes,
): { mixed: string; key: string; value: string } {
  if (fused) {
    const inputs = [...qkv, '', '', bias, ...(past ? [past.key, past.value] : [])];
    while (inputs.at(-1) === '') inputs.pop();
    const mixed = graph.node('MultiHeadAttention', inputs, {
      domain: 'com.microsoft',
      attributes: { num_heads: H },
      outputs: past ? 3 : 1,
    });
    return { mixed, key: `${mixed}:1`, value: `${mixed}:2` };
  }
  const permuted = (x: string, ...perm: number[]): string =>
    graph.node('Transpose', [x], { attributes: { perm } });
  const [q, k, v] = qkv.map((x) =>
    permuted(graph.node('Reshape', [x, graph.integers(B, -1, H, D)]), 0, 2, 1, 3),
  ); // [B, H, S, D]
  const behind = (before: string | undefined, x: string): string =>
    before === undefined ? x : graph.node('Concat', [before, x], { attributes: { axis: 2 } });
  const [key, value] = [behind(past?.key, k), behind(past?.value, v)];
  const scale = graph.constant('attention scale', [1], Float32Array.of(1 / Math.sqrt(D)));
  const scaled = graph.node('Mul', [graph.node('MatMul', [q, permuted(key, 0, 1, 3, 2)]), scale]);
  const weights = graph.node('Softmax', [bias === '' ? scaled : graph.node('Add', [scaled, bias])]);
  const rows = permuted(graph.node('MatMul', [weights, value]), 0, 2, 1, 3); // [B, S, H, D]
  return { mixed: graph.node('Reshape', [rows, graph.integers(B, -1, H * D)]), key, value };
}
