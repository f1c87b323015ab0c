// A single op as an ONNX graph whose inputs are constants of the file: nothing is uploaded at a run.
import { headSize, type HostValues, type OpWork } from '../works/op-values.ts';
import { OnnxGraph } from './onnx-graph.ts';

/** The result is called `y`. */
export function opGraph(work: OpWork, inputs: readonly HostValues[]): Uint8Array {
  const graph = new OnnxGraph();
  const [a, b, c] = inputs.map(({ shape, data }, i) => graph.constant(`input ${i}`, shape, data));
  const result = (): string => {
    switch (work.op) {
      case 'matmul':
        return graph.node('MatMul', [a, b]);
      case 'layerNorm':
        return graph.node('LayerNormalization', [a, b, c], { attributes: { epsilon: { float: 1e-5 } } });
      case 'softmax':
        return graph.node('Softmax', [a]);
      case 'attention':
        return graph.node('MultiHeadAttention', [a, b, c, '', '', causalBias(graph, work.T)], {
          domain: 'com.microsoft',
          attributes: { num_heads: work.H, scale: { float: 1 / Math.sqrt(headSize) } },
        });
    }
  };
  graph.named(result(), 'y');
  graph.output('y', inputs[0].shape);
  return graph.toBytes();
}

/** [1, 1, T, T]: −1e9 where a key lies after its query. */
export function causalBias(graph: OnnxGraph, T: number): string {
  const values = Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0));
  return graph.constant(`causal ${T}`, [1, 1, T, T], values);
}
