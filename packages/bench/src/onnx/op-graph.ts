// A single op as an ONNX graph whose inputs are constants of the file: nothing is uploaded at a run.
import type { HostArray } from '../works/host-arrays.ts';
import { headSize, type OpWork } from '../works/op-values.ts';
import { attentionNodes } from './attention-nodes.ts';
import { OnnxGraph } from './onnx-graph.ts';

/** How a graph is written. */
export interface OnnxChoices {
  /** Attention by ONNX Runtime's own operator rather than the standard ones. */
  fused: boolean;
}

/** The result is called `y`. */
export function opGraph(work: OpWork, inputs: readonly HostArray[], { fused }: OnnxChoices): Uint8Array {
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
        return attentionNodes(graph, [a, b, c], {
          B: work.B,
          H: work.H,
          D: headSize,
          bias: causalBias(graph, work.T),
          fused,
        }).mixed;
    }
  };
  graph.named(result(), 'y');
  graph.output('y', inputs[0].shape);
  return graph.toBytes();
}

/** [1, 1, T, T]: −1e9 where a key lies after its query. */
function causalBias(graph: OnnxGraph, T: number): string {
  const values = Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0));
  return graph.constant(`causal ${T}`, [1, 1, T, T], values);
}
