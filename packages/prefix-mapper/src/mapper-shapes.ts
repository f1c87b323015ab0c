// Names and shapes of a mapper's parameters, as ClipCap's checkpoints have them below `clip_project.`.
//
// Legend: D feature, R rows it consists of, d GPT-2's width, P prefix rows, C rows made of the feature, H hidden units.
import type { ResolvedMapperConfig } from './mapper-config.ts';

/** All parameters, the mapper's own in ClipCap's order. Linear maps are PyTorch's: [outputs, inputs]. */
export function mapperShapes(config: ResolvedMapperConfig): Map<string, readonly number[]> {
  const shapes = ownShapes(config);
  const { embeddingSize: d, placement } = config;
  const { kind, layers = 0, width = 0 } = placement;
  if (kind === 'deep') {
    shapes.set('reparameterisation.0.weight', [width, d]).set('reparameterisation.0.bias', [width]);
    const outputs = layers * 2 * d;
    shapes.set('reparameterisation.2.weight', [outputs, width]).set('reparameterisation.2.bias', [outputs]);
  }
  return shapes;
}

function ownShapes(config: ResolvedMapperConfig): Map<string, readonly number[]> {
  const {
    type,
    prefixLength: P,
    featureSize: D,
    featureRows: R,
    embeddingSize: d,
    clipLength: C,
    layers,
    hiddenSize: H,
  } = config;
  const shapes = new Map<string, readonly number[]>();
  const linear = (name: string, inputs: number, outputs: number): void => {
    shapes.set(`${name}weight`, [outputs, inputs]).set(`${name}bias`, [outputs]);
  };
  if (type === 'linear') {
    linear('', D, d * P);
    return shapes;
  }
  if (type === 'mlp') {
    linear('model.0.', D, H);
    linear('model.2.', H, d * P);
    return shapes;
  }
  shapes.set('prefix_const', [P, d]);
  for (let i = 0; i < layers; i++) {
    const at = `transformer.layers.${i}.`;
    shapes.set(`${at}norm1.weight`, [d]).set(`${at}norm1.bias`, [d]);
    shapes.set(`${at}attn.to_queries.weight`, [d, d]);
    shapes.set(`${at}attn.to_keys_values.weight`, [2 * d, d]);
    linear(`${at}attn.project.`, d, d);
    shapes.set(`${at}norm2.weight`, [d]).set(`${at}norm2.bias`, [d]);
    linear(`${at}mlp.fc1.`, d, 2 * d);
    linear(`${at}mlp.fc2.`, 2 * d, d);
  }
  // Another name, so that no program takes the one for the other.
  if (R === 1) linear('linear.', D, C * d);
  else linear('patches.', D / R, d);
  return shapes;
}
