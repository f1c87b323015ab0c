// ViT-B/32's image tower as an ONNX graph over the weights of a safetensors file with OpenAI's names.
//
// Legend: B images, N patches, T = 1 + N rows, C channels, D the shared space.
import { attentionNodes } from './attention-nodes.ts';
import { OnnxGraph, type StoredWeight } from './onnx-graph.ts';
import type { OnnxChoices } from './op-graph.ts';

const size = { image: 224, patch: 32, C: 768, layers: 12, heads: 12, D: 512 } as const;

/** Input `pixels` [B, 3, n, n], output `features` [B, D]. `location` is the weights' file beside the graph. */
export function clipGraph(
  weights: ReadonlyMap<string, StoredWeight>,
  location: string,
  { B, fused }: OnnxChoices & { B: number },
): Uint8Array {
  const { C, D, image, patch, layers, heads } = size;
  const N = (image / patch) ** 2;
  const T = N + 1;
  const graph = new OnnxGraph();
  const w = (name: string): string => {
    const weight = weights.get(`visual.${name}`);
    if (!weight) throw new Error(`clipGraph: there is no visual.${name} in ${location}`);
    return graph.stored(name, weight, location);
  };
  const reshape = (x: string, ...shape: number[]): string =>
    graph.node('Reshape', [x, graph.integers(...shape)]);
  const norm = (x: string, name: string): string =>
    graph.node('LayerNormalization', [x, w(`${name}.weight`), w(`${name}.bias`)], {
      attributes: { epsilon: { float: 1e-5 } },
    });
  /** x [R, inputs] by a weight stored [outputs, inputs]. */
  const linear = (x: string, weight: string, bias: string): string =>
    graph.node('Gemm', [x, w(weight), w(bias)], { attributes: { transB: 1 } });

  const pixels = graph.input('pixels', [B, 3, image, image]);
  const grid = graph.node('Conv', [pixels, w('conv1.weight')], {
    attributes: { kernel_shape: [patch, patch], strides: [patch, patch] },
  }); // [B, C, n, n]
  const patches = graph.node('Transpose', [reshape(grid, B, C, N)], { attributes: { perm: [0, 2, 1] } });
  const classRow = graph.node('Expand', [w('class_embedding'), graph.integers(B, 1, C)]);
  const rows = graph.node('Concat', [classRow, patches], { attributes: { axis: 1 } }); // [B, T, C]
  let x = reshape(norm(graph.node('Add', [rows, w('positional_embedding')]), 'ln_pre'), B * T, C);
  for (let i = 0; i < layers; i++) {
    const at = `transformer.resblocks.${i}`;
    const qkv = linear(norm(x, `${at}.ln_1`), `${at}.attn.in_proj_weight`, `${at}.attn.in_proj_bias`);
    const split = graph.node('Split', [reshape(qkv, B, T, 3 * C), graph.integers(C, C, C)], {
      attributes: { axis: 2 },
      outputs: 3,
    });
    const parts = [split, `${split}:1`, `${split}:2`] as const;
    const { mixed } = attentionNodes(graph, parts, { B, H: heads, D: C / heads, fused });
    const projected = linear(
      reshape(mixed, B * T, C),
      `${at}.attn.out_proj.weight`,
      `${at}.attn.out_proj.bias`,
    );
    x = graph.node('Add', [x, projected]);
    const inner = linear(norm(x, `${at}.ln_2`), `${at}.mlp.c_fc.weight`, `${at}.mlp.c_fc.bias`);
    const activated = graph.node('QuickGelu', [inner], {
      domain: 'com.microsoft',
      attributes: { alpha: { float: 1.702 } },
    });
    x = graph.node('Add', [x, linear(activated, `${at}.mlp.c_proj.weight`, `${at}.mlp.c_proj.bias`)]);
  }
  const first = graph.node('Gather', [reshape(x, B, T, C), graph.integers(0)], { attributes: { axis: 1 } });
  const features = graph.node('MatMul', [norm(reshape(first, B, C), 'ln_post'), w('proj')]);
  graph.named(features, 'features');
  graph.output('features', [B, D]);
  return graph.toBytes();
}
