// Every group of rows by its name on the command line. Groups without a function are run elsewhere: training
// steps in processes of their own, the fast preset and whole models in tables of their own, BLEU from files.
import { adamwCase } from './adamw-case.ts';
import { attentionCase } from './attention-case.ts';
import type { BenchCase } from './bench-case.ts';
import { gpt2BlockCase } from './gpt2-block-case.ts';
import { linearCrossEntropyCase } from './linear-cross-entropy-case.ts';
import { matmulCase } from './matmul-case.ts';
import { replayCase } from './replay-case.ts';
import { layerNormCase, softmaxCase } from './row-op-cases.ts';

export const cases = {
  matmul: matmulCase,
  'layer-norm': layerNormCase,
  softmax: softmaxCase,
  attention: attentionCase,
  'linear-cross-entropy': linearCrossEntropyCase,
  adamw: adamwCase,
  'gpt2-block': gpt2BlockCase,
  replay: replayCase,
  fast: undefined,
  'training-step': undefined,
  'clipcap-step': undefined,
  models: undefined,
  bleu: undefined,
} as const satisfies Record<string, BenchCase | undefined>;

export type CaseName = keyof typeof cases;

export const caseNames = Object.keys(cases) as CaseName[];
