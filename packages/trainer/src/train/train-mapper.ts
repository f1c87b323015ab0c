// The training loop. It should read easily and fit one screen; what it calls is in the files beside it.
import { ProgressBar } from '@foreword/cli-kit';
import { checkpointParameters, positionsBefore } from '@foreword/prefix-mapper';
import { AdamW, type Device } from '@foreword/tensor/node';
import { restoreCheckpoint, saveCheckpoint, type Trained } from '../run/checkpoint.ts';
import { DivergedError } from '../run/diverged-error.ts';
import type { RunFolder } from '../run/run-folder.ts';
import { SaveTimer, type SaveEvery } from '../run/save-every.ts';
import type { EpochMetrics, StepMetrics } from '../run/metrics.ts';
import { epochBatches, makeBatch, rowOf, type TokenizedSet } from './batches.ts';
import type { SelfCritic } from './self-critical.ts';
import { linearSchedule } from './schedule.ts';
import type { ResolvedSettings } from './settings.ts';
import { StepLog } from './step-log.ts';
import { StepPlans, type FeatureNoise } from './step-plans.ts';

export interface TrainOptions extends Trained {
  device: Device;
  settings: ResolvedSettings;
  train: TokenizedSet;
  val: TokenizedSet;
  folder: RunFolder;
  /** Continue from the folder's last checkpoint. */
  resume: boolean;
  maxSteps: number | undefined;
  /** Checkpoints besides those after every epoch. */
  saveEvery: SaveEvery;
  /** Noise on the features of training batches; see `StepModels`. */
  noise?: FeatureNoise;
  /** Turns captions into drawn ones with rewards: self-critical training. */
  critic?: SelfCritic;
  signal: AbortSignal;
}

export interface TrainResult {
  steps: number;
  bestValLoss: number;
  interrupted: boolean;
}

export async function trainMapper(options: TrainOptions): Promise<TrainResult> {
  const { settings, train, val, folder, gpt2, mapper, tuneGpt2, lora, critic, signal } = options;
  const { seed, batch, epochs, lr: peak, warmup, labelSmoothing } = settings;
  gpt2.trainable(tuneGpt2);
  mapper.trainable();
  const trained = checkpointParameters(mapper, tuneGpt2 ? gpt2 : undefined, lora);
  const optimizer = new AdamW(trained, { eps: 1e-6, variant: 'transformers' });
  const plans = new StepPlans({ ...options, labelSmoothing });
  const perEpoch = Math.floor(train.examples.length / batch);
  const total = perEpoch * epochs;
  const end = Math.min(total, options.maxSteps ?? total);
  const mostTokens = gpt2.config.n_positions - positionsBefore(mapper.config);
  let progress = options.resume
    ? await restoreCheckpoint(folder.file('checkpoints/last.safetensors'), options, optimizer)
    : { step: 0, bestValLoss: Infinity };
  const rows = await folder.readLines<StepMetrics>('metrics.jsonl');
  const isDone = (row: { step: number }): boolean => options.resume && row.step <= progress.step;
  const validations = (await folder.readLines<EpochMetrics>('validation.jsonl')).filter(isDone);
  const bar = new ProgressBar({ label: 'train', total: end, start: progress.step });
  const log = new StepLog({
    rows: rows.filter(isDone),
    onRow: ({ step, epoch, loss, lr }) =>
      bar.update(step, { epoch, loss: loss.toFixed(3), lr: lr.toExponential(1) }),
    onWarning: (line) => bar.note(line),
    // A blind guess among V words costs ln V. Self-critical losses are weighted by rewards instead.
    usualLoss: critic ? undefined : 3 * Math.log(gpt2.config.vocab_size),
  });
  const timer = new SaveTimer(options.saveEvery, progress.step);
  let saved = options.resume ? progress.step : undefined;
  const save = async (): Promise<void> => {
    // The rows go first: those beyond a checkpoint are left out on resuming, missing ones would be lost.
    await folder.writeMetrics(log.rows, validations);
    await saveCheckpoint(folder.file('checkpoints/last.safetensors'), options, progress, optimizer);
    saved = progress.step;
    timer.saved(saved);
  };
  const validate = async (epoch: number): Promise<void> => {
    const valLoss = await validationLoss(plans, val, batch, mostTokens);
    const valReward = await critic?.validate();
    validations.push({ step: progress.step, epoch, valLoss, valReward });
    const reward = valReward === undefined ? '' : `, CIDEr-D ${(100 * valReward).toFixed(2)}`;
    bar.note(`epoch ${epoch}: validation loss ${valLoss.toFixed(4)}${reward}`);
    const score = valReward === undefined ? valLoss : -valReward;
    if (!(score < progress.bestValLoss)) return;
    progress = { ...progress, bestValLoss: score };
    await saveCheckpoint(folder.file('checkpoints/best.safetensors'), options, progress);
  };
  try {
    // Self-critical training is noisy: what it began with stays the best until something is better.
    if (critic && validations.length === 0) await validate(0);
    for (let step = progress.step; step < end && !signal.aborted;) {
      const epoch = Math.floor(step / perEpoch);
      const batches = epochBatches(train, { seed, epoch, batch, mostTokens });
      for (let i = step % perEpoch; i < perEpoch && step < end && !signal.aborted; i++) {
        const lr = linearSchedule(step, { peak, warmup, total });
        optimizer.schedule(step + 1, lr);
        const { batch: learned, ...rewards } = (await critic?.criticise(batches[i], step)) ?? {
          batch: batches[i],
        };
        const sent = await plans.train(learned, optimizer, seed, step);
        step++;
        await log.add({ ...sent, step, epoch: epoch + 1, lr, tokenCount: learned.tokenCount, ...rewards });
        if (!timer.isDue(step) || step % perEpoch === 0) continue;
        await log.settle();
        progress = { ...progress, step };
        await save();
      }
      await log.settle();
      progress = { ...progress, step };
      // An interrupt on an epoch's last step still validates: the resumed run begins with the next epoch.
      if (signal.aborted && step < end && step % perEpoch > 0) break;
      await validate(epoch + 1);
      await save();
    }
    if (signal.aborted) await save();
  } catch (error) {
    // How it ended is worth reading; a disk that takes nothing has been told of already.
    await folder.writeMetrics(log.rows, validations).catch(() => {});
    throw error instanceof DivergedError ? new DivergedError(error.what, saved) : error;
  } finally {
    bar.finish();
  }
  await plans.dispose();
  return { steps: progress.step, bestValLoss: progress.bestValLoss, interrupted: signal.aborted };
}

/** Mean loss over every val picture's first caption, in one bucket; pictures beyond the last whole batch are left out. */
async function validationLoss(
  plans: StepPlans,
  val: TokenizedSet,
  batch: number,
  mostTokens: number,
): Promise<number> {
  const size = Math.min(batch, val.examples.length);
  const most = Math.min(mostTokens, 8 * Math.ceil(Math.max(...val.tokens.map((own) => own[0].length)) / 8));
  let total = 0;
  const count = Math.floor(val.examples.length / size);
  for (let i = 0; i < count; i++) {
    const rows = Array.from({ length: size }, (_, b) => ({
      example: i * size + b,
      row: rowOf(val, i * size + b, 0),
      ids: val.tokens[i * size + b][0].slice(0, most),
    }));
    total += await plans.evaluate(makeBatch(val, rows, most));
  }
  return total / count;
}
