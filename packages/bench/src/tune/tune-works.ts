// What the tuner looks at: works whose kernels are to be chosen, from the embedded models to those people have.
import type { Device } from '@foreword/tensor/node';
import { captionBlankPictures, openEmbeddedStep } from '@foreword/trainer';
import { beginWork } from '../engines/foreword-works.ts';
import { trainingStep } from '../training-step/step-works.ts';
import { works } from '../works/index.ts';

export interface TuneWork {
  id: string;
  /** Too much for a software adapter unless asked for by name. */
  heavy?: boolean;
  /** Runs it once: every choice that it depends on is met. */
  run(device: Device): Promise<void>;
}

/** Captions of a batch, and tokens per caption as the trainer's buckets have them. */
const embedded = { batch: 16, prefixes: [1, 10, 20], tokens: [8, 16, 24] };

export const tuneWorks: readonly TuneWork[] = [
  {
    id: 'training',
    async run(device) {
      for (const prefix of embedded.prefixes) {
        for (const tokens of embedded.tokens) {
          const step = await openEmbeddedStep(device, { prefix, batch: embedded.batch, tokens });
          await step.dispose();
        }
      }
    },
  },
  {
    id: 'captioning',
    run: (device) => captionBlankPictures(device, { prefix: 10, batch: 50 }),
  },
  // The small step has sizes of its own; all others are what `pnpm bench peers` measures.
  ...works.map(({ id, heavy }): TuneWork => ({
    id,
    heavy: heavy ?? id !== trainingStep,
    async run(device) {
      const work = await beginWork(device, id);
      await work.next();
      work.dispose?.();
    },
  })),
];
