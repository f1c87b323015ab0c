// The bars this project set itself on a GPU, against PyTorch with CUDA on the same card. TF32 is off there, so that f32
// means the same on both sides.
import type { EngineEntry, SideBySide } from '../engines/compare-engines.ts';
import { clipcapF16, clipcapF32 } from '../training-step/step-works.ts';
import { judgeBars, ratioBar, type Bar, type BarResult } from './bars.ts';

const peer = 'pytorch';

/** Our rate as a share of the peer's, in %. */
const shareBar = (name: string, work: string, percent: number): Bar => ({
  name,
  unit: '%',
  wanted: { atLeast: percent },
  measure(entries) {
    const ratio = entries.ratio(work, peer);
    return 'why' in ratio ? ratio : { value: 100 * ratio.value };
  },
});

export const gpuBars: readonly Bar[] = [
  shareBar('matmul 4096³ f32, of the card’s own library (cuBLAS)', 'matmul-4096', 60),
  {
    name: 'matmul 4096³ f16, our own f32',
    unit: '×',
    wanted: { atLeast: 5 },
    measure(entries) {
      const f32 = entries.of('matmul-4096', 'foreword');
      if ('why' in f32) return f32;
      const f16 = entries.of('matmul-4096-f16', 'foreword');
      return 'why' in f16 ? f16 : { value: f32.time.medianMs / f16.time.medianMs };
    },
  },
  shareBar('matmul 4096³ f16, of the card’s own library (cuBLAS)', 'matmul-4096-f16', 35),
  ratioBar('ClipCap-sized step f32, PyTorch eager f32', clipcapF32, peer, 1),
  ratioBar('ClipCap-sized step with f16 weights, PyTorch eager f32', clipcapF16, peer, 1.5),
  ratioBar('ViT-B/32 batch 64, PyTorch f32', 'clip-64', peer, 0.8),
  ratioBar('GPT-2 token by token, PyTorch eager with a cache', 'gpt2-token', peer, 1.5),
];

/** What has to be run for them, in this order. */
export const gpuWorks: readonly string[] = [
  clipcapF32,
  clipcapF16,
  'matmul-4096',
  'matmul-4096-f16',
  'clip-64',
  'gpt2-token',
];

const words = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

/** By the word that has the model's number ("h100" of "NVIDIA H100 80GB HBM3"): drivers spell the rest differently. */
function isSameCard(adapter: string, card: string): boolean {
  const model = words(card).find((word) => /\d/.test(word)) ?? words(card).at(-1);
  return model !== undefined && words(adapter).includes(model);
}

/** Why PyTorch's times say nothing about our adapter's card; undefined where they do. */
export function cardProblem({ engines }: Pick<SideBySide, 'engines'>): string | undefined {
  const found = (id: string): EngineEntry | undefined =>
    engines.find((engine): engine is EngineEntry => engine.id === id && engine.problem === undefined);
  const [ours, theirs] = [found('foreword'), found(peer)];
  if (!ours || !theirs) return undefined;
  if (theirs.card === undefined) return `PyTorch has no CUDA here: ${theirs.version}`;
  if (isSameCard(ours.adapter ?? '', theirs.card)) return undefined;
  return `PyTorch computes on ${theirs.card}, this engine on ${ours.adapter}`;
}

/** Judges the bars; without a comparable PyTorch only those that need none. */
export function judgeGpuBars(compared: SideBySide): BarResult[] {
  const problem = cardProblem(compared);
  if (problem === undefined) return judgeBars(gpuBars, compared);
  const engines = compared.engines.map((engine) => (engine.id === peer ? { id: peer, problem } : engine));
  return judgeBars(gpuBars, { ...compared, engines });
}
