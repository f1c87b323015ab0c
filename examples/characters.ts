// A character transformer that learns to continue this project's own README, and then writes a line of it.
import { readFile } from 'node:fs/promises';
import { compile, crossEntropy, noGrad, openDevice, type Tensor } from '@foreword/tensor/node';
import { AdamW, Embedding, init, LayerNorm, Linear, Module, Random } from '@foreword/nn';
import { oneCycle, seeded, TransformerBlock, type Parameters } from '@foreword/nn';

const [B, T, C, steps] = [16, 32, 64, 300]; // texts in a batch, characters of a text, width
const text = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const letters = [...new Set(text)];
const ids = Array.from(text, (letter) => letters.indexOf(letter));

class CharacterModel extends Module {
  readonly letter: Embedding;
  readonly place: Tensor;
  readonly blocks: TransformerBlock[];
  readonly norm: LayerNorm;
  readonly head: Linear;

  constructor(p: Parameters, V: number) {
    super();
    this.letter = new Embedding(p.at('letter'), V, C, { init: init.normal({ std: 0.1 }) });
    this.place = p.get('place', [T, C], init.normal({ std: 0.1 }));
    const block = { heads: 4, causal: true };
    this.blocks = [0, 1].map((i) => new TransformerBlock(p.at('blocks').at(i), C, block));
    this.norm = new LayerNorm(p.at('norm'), C);
    this.head = new Linear(p.at('head'), C, V);
  }

  forward(given: Tensor): Tensor {
    const first = this.letter.forward(given).add(this.place); // [B, T, C]
    const last = this.blocks.reduce((x, block) => block.forward(x), first);
    return this.head.forward(this.norm.forward(last)); // [B, T, V]
  }
}

const device = await openDevice();
const model = new CharacterModel(seeded(device, { seed: 1 }), letters.length);
const lr = oneCycle({ peak: 5e-3, steps });
const optimizer = new AdamW(model.namedParameters(), { lr: lr(0), clipNorm: 1 });
const rows = { shape: [B, T], dtype: 'u32' } as const;
const train = await compile(device, { given: rows, next: rows }, ({ given, next }) => {
  const loss = crossEntropy(model.forward(given), next);
  return { loss, norm: optimizer.step(loss) };
});
const random = Random.of(1, 'batches');
for (let step = 0; step < steps; step++) {
  const starts = Array.from({ length: B }, (_, b) => random.below(ids.length - T - 1, step * B + b));
  const texts = (shift: number): number[] => starts.flatMap((at) => ids.slice(at + shift, at + shift + T));
  optimizer.lr = lr(step);
  const { loss } = train.run({ given: texts(0), next: texts(1) });
  if (step % 50 === 49) console.log(`step ${step + 1}: loss ${(await loss.item()).toFixed(3)}`);
}
const read = await compile(device, { given: { ...rows, shape: [1, T] } }, ({ given }) => ({
  likeliest: noGrad(device, () => model.forward(given).argmax(-1)),
}));
const written = ids.slice(0, T);
while (written.length < 3 * T)
  written.push((await read.run({ given: written.slice(-T) }).likeliest.read())[T - 1]);
console.log(JSON.stringify(written.map((id) => letters[id]).join('')));
device.close();
