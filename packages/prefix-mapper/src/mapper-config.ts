// A mapper's sizes: checked, filled up with ClipCap's defaults, or read off the shapes of a checkpoint.
//
// Legend: D CLIP's feature size, d GPT-2's width, P prefix rows, C rows made of the CLIP feature, H hidden units.
import { MapperError } from './mapper-error.ts';
import { parameterName } from './parameter-name.ts';
import { resolvePlacement, type PrefixPlacement, type ResolvedPlacement } from './prefix-placement.ts';

/** `linear` is the single layer that ClipCap's notebooks take for P > 10; its training program never makes one. */
export type MapperType = 'mlp' | 'transformer' | 'linear';

export interface MapperConfig {
  type: MapperType;
  /** P, rows in front of the caption. */
  prefixLength: number;
  /** D, size of a CLIP feature; with `featureRows` of all its rows together. */
  featureSize: number;
  /**
   * Rows the feature consists of: 1 for CLIP's feature, 1 + N for the class token and N patches. Transformer only:
   * each row becomes one of its C rows. Default 1.
   */
  featureRows?: number;
  /** d, GPT-2's n_embd. */
  embeddingSize: number;
  /** H, hidden units. MLP only; default ClipCap's ⌊P·d/2⌋. See {@link fixedHiddenSize}. */
  hiddenSize?: number;
  /** C, rows the feature is spread over. Transformer only; default 10. */
  clipLength?: number;
  /** Transformer only; default 8. */
  layers?: number;
  /** Attention heads; transformer only; default 8. */
  heads?: number;
  /** Where the prefix stands. Default ClipCap's `embedding`. */
  placement?: PrefixPlacement;
}

export type ResolvedMapperConfig = Required<MapperConfig> & { placement: ResolvedPlacement };

/** ClipCap's `train.py` and `TransformerMapper`. */
export const mapperDefaults = { clipLength: 10, layers: 8, heads: 8 } as const;

/**
 * H with which an MLP of any length has as many parameters as ClipCap's has at P = `atLength` (default 10), so that
 * length and capacity part ways. An MLP has H·(D + 1 + P·d) + P·d parameters, so H is that count less P·d, divided by
 * D + 1 + P·d and rounded: counts at different lengths differ by less than one hidden unit's.
 * @throws MapperError when not even one hidden unit fits into that count.
 * @example
 * fixedHiddenSize({ prefixLength: 20, featureSize: 512, embeddingSize: 768 }); // 1982
 */
export function fixedHiddenSize(
  { prefixLength: P, featureSize: D, embeddingSize: d }: Omit<MapperConfig, 'type'>,
  { atLength = 10 }: { atLength?: number } = {},
): number {
  const outputs = atLength * d;
  const count = Math.floor(outputs / 2) * (D + 1 + outputs) + outputs;
  const H = Math.round((count - P * d) / (D + 1 + P * d));
  if (H >= 1) return H;
  throw new MapperError(
    `mapper: a prefix of ${P} rows is too long for an MLP with the ${count} parameters of prefix length ${atLength}`,
  );
}

const types: readonly MapperType[] = ['mlp', 'transformer', 'linear'];

const clipCapHidden = ({ prefixLength: P, embeddingSize: d }: MapperConfig): number =>
  Math.max(1, Math.floor((P * d) / 2));

/**
 * The configuration with defaults filled in.
 * @throws MapperError naming the value that makes no sense.
 */
export function resolveMapperConfig(config: MapperConfig): ResolvedMapperConfig {
  const placement = resolvePlacement(config.placement ?? { kind: 'embedding' });
  const { hiddenSize = clipCapHidden(config), featureRows = 1, ...given } = config;
  const resolved = { ...mapperDefaults, hiddenSize, ...given, featureRows, placement };
  if (featureRows !== 1) resolved.clipLength = featureRows;
  if (!types.includes(resolved.type)) {
    throw new MapperError(
      `mapper: type is ${JSON.stringify(resolved.type)}; one of ${types.join(', ')} is needed`,
    );
  }
  for (const key of [
    'prefixLength',
    'featureSize',
    'featureRows',
    'embeddingSize',
    'hiddenSize',
    'clipLength',
    'layers',
    'heads',
  ] as const) {
    const value: unknown = resolved[key];
    if (!Number.isInteger(value) || (value as number) < 1) {
      throw new MapperError(`mapper: ${key} is ${JSON.stringify(value)}; a whole number from 1 is needed`);
    }
  }
  const { type, featureSize, embeddingSize, heads } = resolved;
  if (featureRows !== 1 && type !== 'transformer') {
    throw new MapperError(`mapper: ${featureRows} rows of a feature need a transformer, not ${type}`);
  }
  if (featureSize % featureRows !== 0) {
    throw new MapperError(
      `mapper: a feature of ${featureSize} numbers does not consist of ${featureRows} rows of one size`,
    );
  }
  if (type === 'transformer' && embeddingSize % heads !== 0) {
    throw new MapperError(
      `mapper: embeddingSize ${embeddingSize} is not divisible by ${heads} heads; choose other heads`,
    );
  }
  return resolved;
}

/** Positions of GPT-2 that stand before the caption: the prefix and its prompt. */
export const positionsBefore = ({
  prefixLength,
  placement,
}: Pick<ResolvedMapperConfig, 'prefixLength' | 'placement'>): number =>
  prefixLength + placement.prompt.length;

/**
 * Sizes of the mapper in a checkpoint. An MLP's or a linear map's shapes do not tell P and d apart, so d is given
 * (GPT-2's n_embd); the number of heads leaves no trace and stays ClipCap's 8 unless given.
 * @param shapes name → shape, with or without `clip_project.`; names of other models are ignored
 * @throws MapperError when there is no mapper among them, or its shapes do not fit each other.
 */
export function inferMapperConfig(
  shapes: ReadonlyMap<string, readonly number[]>,
  { embeddingSize: d, heads = mapperDefaults.heads }: { embeddingSize: number; heads?: number },
): ResolvedMapperConfig {
  const found = new Map<string, readonly number[]>();
  for (const [name, shape] of shapes) {
    const inner = parameterName(name);
    if (inner !== undefined) found.set(inner, shape);
  }
  const rowsOf = (name: string, outputs: number): number => {
    if (outputs % d === 0) return outputs / d;
    throw new MapperError(
      `mapper: ${name} has ${outputs} outputs, which are no whole rows of ${d}; is the GPT-2 another one?`,
    );
  };
  const constants = found.get('prefix_const');
  const spread = found.get('linear.weight');
  if (constants && spread) {
    const layers =
      new Set([...found.keys()].map((name) => /^transformer\.layers\.(\d+)\./.exec(name)?.[1])).size - 1;
    return resolveMapperConfig({
      type: 'transformer',
      prefixLength: constants[0],
      featureSize: spread[1],
      embeddingSize: d,
      clipLength: rowsOf('linear.weight', spread[0]),
      layers,
      heads,
    });
  }
  const first = found.get('model.0.weight');
  const second = found.get('model.2.weight');
  if (first && second) {
    const prefixLength = rowsOf('model.2.weight', second[0]);
    const [hiddenSize, featureSize] = first;
    return resolveMapperConfig({
      type: 'mlp',
      prefixLength,
      featureSize,
      embeddingSize: d,
      hiddenSize,
      heads,
    });
  }
  const single = found.get('weight');
  if (single) {
    const prefixLength = rowsOf('weight', single[0]);
    return resolveMapperConfig({
      type: 'linear',
      prefixLength,
      featureSize: single[1],
      embeddingSize: d,
      heads,
    });
  }
  throw new MapperError(
    'checkpoint: there is no mapper in it (clip_project.model.…, clip_project.transformer.… or clip_project.weight)',
  );
}
