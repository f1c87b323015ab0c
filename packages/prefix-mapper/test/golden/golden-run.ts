// Runs a golden model: its mapper and GPT-2, six training steps, and the caption of its first feature.
import { Gpt2Generator, loadGpt2, parseGpt2Config, type Gpt2 } from '@foreword/gpt2';
import { memoryTensors } from '@foreword/nn';
import { goldenTensors, type GoldenRule } from '@foreword/test-kit';
import { AdamW, compile, noGrad, tensor, type Device, type Tensor } from '@foreword/tensor/node';
import { captionLoss, loadMapper, type MapperConfig, type PrefixMapper } from '../../src/index.ts';
import { normOf, strided, type CaptionGolden, type Sampled } from './caption-golden.ts';

export interface GoldenModels {
  gpt2: Gpt2;
  mapper: PrefixMapper;
  optimiser: AdamW;
  dispose(): void;
}

/** Both models with their golden weights; the optimiser holds what the run trains. */
export async function goldenModelsOf(
  device: Device,
  { settings, gpt2Rules }: CaptionGolden,
): Promise<GoldenModels> {
  const { seed } = settings;
  const { block_size, ...sizes } = JSON.parse(settings.gpt2_config) as Record<string, number>;
  const gpt2Config = parseGpt2Config({ ...sizes, n_positions: block_size });
  const gpt2 = await loadGpt2(device, {
    config: { ...gpt2Config },
    weights: memoryTensors(goldenTensors(seed, settings.gpt2_prefix, gpt2Rules)),
  });
  const config: MapperConfig = {
    type: settings.kind,
    prefixLength: Number(settings.prefix_length),
    featureSize: Number(settings.prefix_size),
    embeddingSize: gpt2Config.n_embd,
    clipLength: Number(settings.clip_length),
    layers: Number(settings.num_layers),
  };
  const rules = JSON.parse(settings.rules) as Record<string, GoldenRule>;
  const weights = memoryTensors(goldenTensors(seed, settings.mapper_prefix, rules));
  const mapper = (await loadMapper(device, weights, { config })).trainable();
  const trained = mapper.namedParameters();
  if (settings.tune_gpt2 === 'True') {
    gpt2.trainable();
    for (const [name, parameter] of gpt2.namedParameters()) trained.set(`gpt.${name}`, parameter);
  }
  const optimiser = new AdamW(trained, { variant: 'transformers', eps: Number(settings.eps) });
  const dispose = (): void => {
    mapper.dispose();
    gpt2.dispose();
    optimiser.dispose();
  };
  return { gpt2, mapper, optimiser, dispose };
}

/** Linear warm-up from 0, then linearly down to 0; `step` counts from 0. */
export function learningRate({ lr, warmup, total_steps }: CaptionGolden['settings'], step: number): number {
  const [top, rise, total] = [Number(lr), Number(warmup), Number(total_steps)];
  return step < rise ? (top * step) / rise : (top * (total - step)) / (total - rise);
}

export const batchSizes = { B: 4, T: 12, D: 64 } as const;

/** Features and tokens of one step. */
export function batchOf(
  { features, tokens }: CaptionGolden,
  step: number,
): { features: Float32Array; tokens: Int32Array } {
  const { B, T, D } = batchSizes;
  return {
    features: features.slice(step * B * D, (step + 1) * B * D),
    tokens: tokens.slice(step * B * T, (step + 1) * B * T),
  };
}

export const stepOf = (
  { gpt2, mapper, optimiser }: GoldenModels,
  { features, tokens, ignoreIndex }: { features: Tensor; tokens: Tensor; ignoreIndex: number },
): { loss: Tensor; norm: Tensor } => {
  const loss = captionLoss(gpt2, mapper, { features, tokens, ignoreIndex });
  return { loss, norm: optimiser.step(loss) };
};

export interface GoldenErrors {
  /** Largest |difference| / golden of the six losses, and of the six gradient norms. */
  loss: number;
  gradNorm: number;
  prefix: number;
  /** Largest error of the first gradients, by parameter, and of the weights after step 6. */
  gradient: number;
  finalWeight: number;
  /** Left empty without `decodes`. */
  beams: number[][];
  greedy: number[];
}

/** The larger of the norm's relative error and the values' error as a share of the norm they have on average. */
function sampledError(actual: Float32Array, { norm, values }: Sampled): number {
  const share = norm * Math.sqrt(values.length / actual.length);
  const difference = normOf(strided(actual, values.length).map((x, i) => x - values[i]));
  return Math.max(Math.abs(normOf(actual) - norm) / norm, difference / share);
}

const worstOf = (actual: readonly number[], wanted: ArrayLike<number>): number =>
  Math.max(...actual.map((x, i) => Math.abs(x / wanted[i] - 1)));

const read = async (t: Tensor): Promise<Float32Array> => (await t.read()) as Float32Array;

/** Six replays of a compiled training step, then both decoders, compared with the golden figures. */
export async function goldenErrors(
  device: Device,
  golden: CaptionGolden,
  { decodes }: { decodes: boolean },
): Promise<GoldenErrors> {
  const { B, T, D } = batchSizes;
  const { settings } = golden;
  const models = await goldenModelsOf(device, golden);
  const { mapper, optimiser } = models;
  const errors: GoldenErrors = {
    loss: 0,
    gradNorm: 0,
    prefix: 0,
    gradient: 0,
    finalWeight: 0,
    beams: [],
    greedy: [],
  };
  const mapFeatures = (values: Float32Array, rows: number): Tensor =>
    device.scope(() => noGrad(device, () => mapper.forward(tensor(device, values, [rows, D]))));
  const first = mapFeatures(batchOf(golden, 0).features, B);
  errors.prefix = sampledError(await read(first), golden.prefix);
  first.dispose();

  const ignoreIndex = Number(settings.ignore_index);
  const plan = await compile(
    device,
    { features: { shape: [B, D] }, tokens: { shape: [B, T], dtype: 'i32' } },
    (inputs) => stepOf(models, { ...inputs, ignoreIndex }),
  );
  const losses: number[] = [];
  const norms: number[] = [];
  for (let step = 0; step < golden.losses.length; step++) {
    optimiser.schedule(step + 1, learningRate(settings, step));
    const { loss, norm } = plan.run(batchOf(golden, step));
    losses.push(await loss.item());
    norms.push(await norm.item());
    if (step > 0) continue;
    const gradients = new Map(optimiser.arena.slots.map((slot) => [slot.name, slot.grad]));
    for (const [name, wanted] of golden.gradients) {
      const found = gradients.get(name);
      const error = found ? sampledError(await read(found), wanted) : Infinity;
      errors.gradient = Math.max(errors.gradient, error);
    }
  }
  errors.loss = worstOf(losses, golden.losses);
  errors.gradNorm = worstOf(norms, golden.gradNorms);
  for (const [name, parameter] of mapper.namedParameters()) {
    const wanted = golden.finalWeights.get(name);
    // A parameter the golden file does not know is an error, not one to pass over.
    errors.finalWeight = Math.max(
      errors.finalWeight,
      wanted ? sampledError(await read(parameter), wanted) : Infinity,
    );
  }
  plan.dispose();

  if (decodes) {
    const prefix = mapFeatures(golden.features.slice(0, D), 1);
    Object.assign(errors, await decodeFirst(models.gpt2, prefix, golden));
    prefix.dispose();
  }
  models.dispose();
  return errors;
}

/** ClipCap's greedy and beam search after one prefix. */
async function decodeFirst(
  gpt2: Gpt2,
  prefix: Tensor,
  { stop, greedy }: CaptionGolden,
): Promise<Pick<GoldenErrors, 'beams' | 'greedy'>> {
  const generator = new Gpt2Generator(gpt2);
  const options = { prefix, stop: [stop], maxTokens: greedy.length };
  const [found] = await generator.generate(options);
  const [{ others, ...best }] = await generator.generate({ ...options, decode: { method: 'beam' } });
  generator.dispose();
  return { greedy: found.ids, beams: [best, ...others].map(({ ids }) => ids) };
}

export const describeErrors = (e: GoldenErrors): string =>
  (['loss', 'gradNorm', 'prefix', 'gradient', 'finalWeight'] as const)
    .map((key) => `${key} ${e[key].toExponential(1)}`)
    .join(', ');
