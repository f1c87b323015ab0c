// The tensors of OpenAI's ResNet image towers: as their files have them, and as the model holds them, with each
// BatchNorm folded into the convolution before it.
//
// Legend: I channels in, O channels out, k × k kernel, D the shared space.
import { resNetStride, type ResNetConfig } from './clip-config.ts';

type Shape = readonly number[];

/** One convolution, which has no bias, and its BatchNorm; names without `visual.`. */
export interface NormedConvolution {
  name: string;
  norm: string;
  I: number;
  O: number;
  k: number;
}

/** Channels between the convolutions of a bottleneck of stage 0 … 3. */
const planesOf = ({ width }: ResNetConfig, stage: number): number => width * 2 ** stage;

/** A bottleneck gives four times as many channels as it works with. */
const expansion = 4;

/** Name, `layer1.0` and on, and stride of every bottleneck; the first of a stage halves the sides, except in stage 0. */
export function bottlenecks({
  layers,
}: ResNetConfig): { name: string; stage: number; isFirst: boolean; stride: number }[] {
  return layers.flatMap((count, stage) =>
    Array.from({ length: count }, (_, i) => ({
      name: `layer${stage + 1}.${i}`,
      stage,
      isFirst: i === 0,
      stride: i === 0 && stage > 0 ? 2 : 1,
    })),
  );
}

/** Every convolution in the order of OpenAI's state_dict. */
export function convolutions(vision: ResNetConfig): NormedConvolution[] {
  const { width } = vision;
  const stem = [3, width / 2, width / 2].map((I, i) => ({
    name: `conv${i + 1}`,
    norm: `bn${i + 1}`,
    I,
    O: i < 2 ? width / 2 : width,
    k: 3,
  }));
  const blocks = bottlenecks(vision).flatMap(({ name, stage, isFirst }) => {
    const planes = planesOf(vision, stage);
    const O = expansion * planes;
    const I = !isFirst ? O : stage === 0 ? width : expansion * planesOf(vision, stage - 1);
    const own = [
      { name: `${name}.conv1`, norm: `${name}.bn1`, I, O: planes, k: 1 },
      { name: `${name}.conv2`, norm: `${name}.bn2`, I: planes, O: planes, k: 3 },
      { name: `${name}.conv3`, norm: `${name}.bn3`, I: planes, O, k: 1 },
    ];
    return isFirst
      ? [...own, { name: `${name}.downsample.0`, norm: `${name}.downsample.1`, I, O, k: 1 }]
      : own;
  });
  return [...stem, ...blocks];
}

function attentionPoolShapes({ imageSize, width }: ResNetConfig, D: number): [string, Shape][] {
  const C = resNetStride * width;
  const at = 'visual.attnpool.';
  const projections = ['k', 'q', 'v'].flatMap((which): [string, Shape][] => [
    [`${at}${which}_proj.weight`, [C, C]],
    [`${at}${which}_proj.bias`, [C]],
  ]);
  return [
    [`${at}positional_embedding`, [(imageSize / resNetStride) ** 2 + 1, C]],
    ...projections,
    [`${at}c_proj.weight`, [D, C]],
    [`${at}c_proj.bias`, [D]],
  ];
}

/** Parameters as files have them; the running statistics are buffers, see {@link runningStatistics}. */
export const resNetShapes = (vision: ResNetConfig, D: number): [string, Shape][] => [
  ...convolutions(vision).flatMap(({ name, norm, I, O, k }): [string, Shape][] => [
    [`visual.${name}.weight`, [O, I, k, k]],
    [`visual.${norm}.weight`, [O]],
    [`visual.${norm}.bias`, [O]],
  ]),
  ...attentionPoolShapes(vision, D),
];

/** The buffers of the BatchNorms. */
export const runningStatistics = (vision: ResNetConfig): [string, Shape][] =>
  convolutions(vision).flatMap(({ norm, O }): [string, Shape][] => [
    [`visual.${norm}.running_mean`, [O]],
    [`visual.${norm}.running_var`, [O]],
  ]);

/** Tensors as the model holds them: weights [k, k, I, O], those of 1 × 1 convolutions [I, O], and a bias each. */
export const foldedShapes = (vision: ResNetConfig, D: number): [string, Shape][] => [
  ...convolutions(vision).flatMap(({ name, I, O, k }): [string, Shape][] => [
    [`visual.${name}.weight`, k === 1 ? [I, O] : [k, k, I, O]],
    [`visual.${name}.bias`, [O]],
  ]),
  ...attentionPoolShapes(vision, D),
];

/** nn.BatchNorm2d's. */
const eps = 1e-5;

/** A BatchNorm's four vectors. */
export interface Norm {
  weight: Float32Array;
  bias: Float32Array;
  mean: Float32Array;
  variance: Float32Array;
}

/** γ / √(σ² + ε) of channel o. */
const factor = ({ weight, variance }: Pick<Norm, 'weight' | 'variance'>, o: number): number =>
  weight[o] / Math.sqrt(variance[o] + eps);

/** A weight [O, I, k, k] times its norm's factors, as [k, k, I, O]. */
export function foldedWeight(
  values: Float32Array,
  norm: Pick<Norm, 'weight' | 'variance'>,
  { I, O, k }: NormedConvolution,
): Float32Array {
  const folded = new Float32Array(values.length);
  for (let o = 0; o < O; o++) {
    const scale = factor(norm, o);
    for (let i = 0; i < I; i++)
      for (let tap = 0; tap < k * k; tap++)
        folded[(tap * I + i) * O + o] = values[(o * I + i) * k * k + tap] * scale;
  }
  return folded;
}

/** The bias that remains of a norm: β − γ·μ / √(σ² + ε). */
export const foldedBias = (norm: Norm): Float32Array =>
  norm.bias.map((beta, o) => beta - factor(norm, o) * norm.mean[o]);
