// OpenAI-named weights as a Hugging Face file holds them: the reverse of what the loader does, written on its own.
import type { SafetensorsEntry } from '@foreword/tensor/node';

type Weights = ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>;

const renames: readonly [RegExp, string][] = [
  [/^visual\.transformer\.resblocks\./, 'vision_model.encoder.layers.'],
  [/^transformer\.resblocks\./, 'text_model.encoder.layers.'],
  [/ln_([12])/, 'layer_norm$1'],
  [/attn\.out_proj/, 'self_attn.out_proj'],
  [/mlp\.c_fc/, 'mlp.fc1'],
  [/mlp\.c_proj/, 'mlp.fc2'],
  [/^visual\.conv1/, 'vision_model.embeddings.patch_embedding'],
  [/^visual\.class_embedding/, 'vision_model.embeddings.class_embedding'],
  [/^visual\.positional_embedding/, 'vision_model.embeddings.position_embedding.weight'],
  [/^visual\.ln_pre/, 'vision_model.pre_layrnorm'],
  [/^visual\.ln_post/, 'vision_model.post_layernorm'],
  [/^token_embedding/, 'text_model.embeddings.token_embedding'],
  [/^positional_embedding/, 'text_model.embeddings.position_embedding.weight'],
  [/^ln_final/, 'text_model.final_layer_norm'],
];

export function huggingFaceEntries(weights: Weights): SafetensorsEntry[] {
  const entries: SafetensorsEntry[] = [];
  const put = (name: string, shape: readonly number[], data: Float32Array): void => {
    entries.push({ name, dtype: 'F32', shape, data });
  };
  for (const [name, { shape, data }] of weights) {
    if (name === 'visual.proj' || name === 'text_projection') {
      const [rows, columns] = shape;
      const turned = data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
      put(
        name === 'visual.proj' ? 'visual_projection.weight' : 'text_projection.weight',
        [columns, rows],
        turned,
      );
      continue;
    }
    const renamed = renames.reduce((text, [from, to]) => text.replace(from, to), name);
    if (!name.includes('in_proj')) {
      put(renamed, shape, data);
      continue;
    }
    const third = data.length / 3;
    ['q', 'k', 'v'].forEach((part, i) => {
      const to = renamed.replace('attn.in_proj_', `self_attn.${part}_proj.`);
      put(to, [shape[0] / 3, ...shape.slice(1)], data.slice(i * third, (i + 1) * third));
    });
  }
  for (const [tower, rows] of [
    ['vision', 17],
    ['text', 16],
  ] as const) {
    const data = BigInt64Array.from({ length: rows }, (_, i) => BigInt(i));
    entries.push({ name: `${tower}_model.embeddings.position_ids`, dtype: 'I64', shape: [1, rows], data });
  }
  return entries;
}
