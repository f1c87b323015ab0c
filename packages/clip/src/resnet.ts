// CLIP's ResNet image tower (Radford et al. 2021, §2.4): a stem of three convolutions, bottlenecks whose strides are
// average pools (Zhang 2019), and an attention pool in place of the global average. Channels lie last throughout. Each
// BatchNorm is folded into the convolution before it, see `folded-norms.ts`.
//
// Legend: B images, h × w grid, C channels, N = h·w, D the shared space.
import { Conv2d, init, Linear, Module, type Parameters } from '@foreword/nn';
import {
  add,
  attention,
  avgPool2d,
  concat,
  mean,
  relu,
  slice,
  transpose,
  type Tensor,
} from '@foreword/tensor';
import { resNetStride, type ResNetConfig } from './clip-config.ts';

/** A bottleneck gives four times as many channels as it works with. */
const expansion = 4;

/** A 1 × 1 convolution of images whose channels lie last is a linear map of pixels. */
const pointwise = (p: Parameters, inputs: number, outputs: number): Linear =>
  new Linear(p, inputs, outputs, { layout: 'in-out' });

class Bottleneck extends Module {
  readonly conv1: Linear;
  readonly conv2: Conv2d;
  readonly conv3: Linear;
  /** Changes the channels of what the first block of a stage adds to. */
  readonly downsample: readonly Linear[];
  readonly stride: number;

  constructor(
    p: Parameters,
    inputs: number,
    planes: number,
    { isFirst, stride }: { isFirst: boolean; stride: number },
  ) {
    super();
    const outputs = expansion * planes;
    this.stride = stride;
    this.conv1 = pointwise(p.at('conv1'), inputs, planes);
    this.conv2 = new Conv2d(p.at('conv2'), planes, planes, 3, { padding: 1, activation: 'relu' });
    this.conv3 = pointwise(p.at('conv3'), planes, outputs);
    this.downsample = isFirst ? [pointwise(p.at('downsample').at(0), inputs, outputs)] : [];
  }

  /** [B, h, w, I] → [B, h/stride, w/stride, O] */
  forward(x: Tensor): Tensor {
    const { stride } = this;
    const shrink = (input: Tensor): Tensor => (stride > 1 ? avgPool2d(input, { kernelSize: stride }) : input);
    const narrow = this.conv1.forward(x, { activation: 'relu' });
    const mixed = this.conv2.forward(narrow);
    const [channels] = this.downsample;
    const residual = channels ? channels.forward(shrink(x)) : x;
    return relu(this.conv3.forward(shrink(mixed), { residual }));
  }
}

class AttentionPool extends Module {
  readonly positional_embedding: Tensor;
  readonly k_proj: Linear;
  readonly q_proj: Linear;
  readonly v_proj: Linear;
  readonly c_proj: Linear;
  readonly heads: number;

  constructor(p: Parameters, { imageSize, width, heads }: ResNetConfig, D: number) {
    super();
    const C = resNetStride * width;
    this.heads = heads;
    const rows = (imageSize / resNetStride) ** 2 + 1;
    const scaled = init.normal({ std: C ** -0.5 });
    this.positional_embedding = p.get('positional_embedding', [rows, C], scaled, { keepF32: true });
    this.k_proj = new Linear(p.at('k_proj'), C, C);
    this.q_proj = new Linear(p.at('q_proj'), C, C);
    this.v_proj = new Linear(p.at('v_proj'), C, C);
    this.c_proj = new Linear(p.at('c_proj'), C, D);
  }

  /** [B, h, w, C] → [B, D]: the mean of the grid asks the grid and itself. */
  forward(grid: Tensor): Tensor {
    const [B, h, w, C] = grid.shape;
    const cells = grid.reshape([B, h * w, C]);
    const rows = concat([mean(cells, { axis: 1, keepDim: true }), cells], { axis: 1 }); // [B, 1 + N, C]
    const x = add(rows, this.positional_embedding);
    const query = slice(x, { axis: 1, start: 0, end: 1 }); // [B, 1, C]
    const inputs = [this.q_proj.forward(query), this.k_proj.forward(x), this.v_proj.forward(x)];
    return this.c_proj.forward(attention(inputs, { heads: this.heads })).reshape([B, -1]); // [B, D]
  }
}

export class ResNet extends Module {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly conv3: Conv2d;
  readonly layer1: readonly Bottleneck[];
  readonly layer2: readonly Bottleneck[];
  readonly layer3: readonly Bottleneck[];
  readonly layer4: readonly Bottleneck[];
  readonly attnpool: AttentionPool;

  constructor(p: Parameters, config: ResNetConfig, D: number) {
    super();
    const { width, layers } = config;
    const stem = { padding: 1, activation: 'relu' } as const;
    this.conv1 = new Conv2d(p.at('conv1'), 3, width / 2, 3, { ...stem, stride: 2 });
    this.conv2 = new Conv2d(p.at('conv2'), width / 2, width / 2, 3, stem);
    this.conv3 = new Conv2d(p.at('conv3'), width / 2, width, 3, stem);
    let inputs = width;
    [this.layer1, this.layer2, this.layer3, this.layer4] = layers.map((count, stage) =>
      Array.from({ length: count }, (_, i) => {
        const [isFirst, planes] = [i === 0, width * 2 ** stage];
        // The first block of a stage halves the sides, except in the first stage.
        const stride = isFirst && stage > 0 ? 2 : 1;
        const block = new Bottleneck(p.at(`layer${stage + 1}`).at(i), inputs, planes, { isFirst, stride });
        inputs = expansion * planes;
        return block;
      }),
    );
    this.attnpool = new AttentionPool(p.at('attnpool'), config, D);
  }

  /** Pixels [B, 3, n, n] → features [B, D]. */
  forward(pixels: Tensor): Tensor {
    let x = transpose(pixels, [0, 2, 3, 1]); // [B, n, n, 3]
    for (const conv of [this.conv1, this.conv2, this.conv3]) x = conv.forward(x);
    x = avgPool2d(x, { kernelSize: 2 }); // [B, n/4, n/4, C]
    for (const layer of [this.layer1, this.layer2, this.layer3, this.layer4])
      for (const block of layer) x = block.forward(x);
    return this.attnpool.forward(x);
  }
}
