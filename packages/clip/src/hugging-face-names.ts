// Where a parameter with OpenAI's name stands in Hugging Face's files.
import { stacked, transposed, type Source } from '@foreword/nn';

/** Names outside the blocks. */
const plainNames: Readonly<Record<string, string>> = {
  'visual.conv1.weight': 'vision_model.embeddings.patch_embedding.weight',
  'visual.class_embedding': 'vision_model.embeddings.class_embedding',
  'visual.positional_embedding': 'vision_model.embeddings.position_embedding.weight',
  // Spelt so in every published file.
  'visual.ln_pre.weight': 'vision_model.pre_layrnorm.weight',
  'visual.ln_pre.bias': 'vision_model.pre_layrnorm.bias',
  'visual.ln_post.weight': 'vision_model.post_layernorm.weight',
  'visual.ln_post.bias': 'vision_model.post_layernorm.bias',
  'visual.proj': 'visual_projection.weight',
  'token_embedding.weight': 'text_model.embeddings.token_embedding.weight',
  positional_embedding: 'text_model.embeddings.position_embedding.weight',
  'ln_final.weight': 'text_model.final_layer_norm.weight',
  'ln_final.bias': 'text_model.final_layer_norm.bias',
  text_projection: 'text_projection.weight',
  logit_scale: 'logit_scale',
};

const blockNames: Readonly<Record<string, string>> = {
  ln_1: 'layer_norm1',
  ln_2: 'layer_norm2',
  'attn.out_proj': 'self_attn.out_proj',
  'mlp.c_fc': 'mlp.fc1',
  'mlp.c_proj': 'mlp.fc2',
};

/** One other name, three stacked, or a matrix that lies turned. */
export function huggingFaceSource(name: string): string | Source {
  const block = /^(visual\.)?transformer\.resblocks\.(\d+)\.(.+?)[._](weight|bias)$/.exec(name);
  if (!block) {
    const place = plainNames[name] ?? name;
    return name === 'visual.proj' || name === 'text_projection' ? transposed(place) : place;
  }
  const [, visual, layer, part, kind] = block;
  const at = `${visual ? 'vision' : 'text'}_model.encoder.layers.${layer}.`;
  if (part !== 'attn.in_proj') return `${at}${blockNames[part] ?? part}.${kind}`;
  return stacked(...['q', 'k', 'v'].map((which) => `${at}self_attn.${which}_proj.${kind}`));
}
