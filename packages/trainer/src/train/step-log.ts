// The lines of metrics.jsonl. Reports of steps are awaited a few steps late, so that the GPU need not wait for the host.
import { CommandError } from '@foreword/cli-kit';
import type { StepMetrics } from '../run/metrics.ts';
import type { SentStep } from './step-plans.ts';

/** Steps that may be under way while the next one is prepared. */
const mostUnderWay = 4;

interface LoggedStep extends Omit<StepMetrics, 'loss' | 'gradNorm' | 'stepMs' | 'tokensPerSecond'>, SentStep {
  /** Caption tokens learned from. */
  tokenCount: number;
}

export class StepLog {
  readonly rows: StepMetrics[];
  readonly #onRow: (row: StepMetrics) => void;
  readonly #underWay: (LoggedStep & { sentAt: number })[] = [];
  #reportedAt = 0;

  /** @param rows of the steps done before */
  constructor(rows: readonly StepMetrics[], onRow: (row: StepMetrics) => void) {
    this.rows = [...rows];
    this.#onRow = onRow;
  }

  /** @throws CommandError when a step a few before this one has diverged */
  async add(step: LoggedStep): Promise<void> {
    // When one fails, those behind it fail unseen.
    step.report.catch(() => {});
    this.#underWay.push({ ...step, sentAt: performance.now() });
    while (this.#underWay.length > mostUnderWay) await this.#report();
  }

  /** Waits for all steps. */
  async settle(): Promise<void> {
    while (this.#underWay.length > 0) await this.#report();
  }

  async #report(): Promise<void> {
    const { report, tokenCount, sentAt, ...step } = this.#underWay.shift()!;
    const { loss, gradNorm } = await report;
    if (!Number.isFinite(loss)) throw diverged(step.step, loss);
    const now = performance.now();
    // The GPU turns to a step when it has been sent and the one before is done.
    const stepMs = now - Math.max(this.#reportedAt, sentAt);
    this.#reportedAt = now;
    const { epoch, lr, step: number, ...rewards } = step;
    const tokensPerSecond = (1000 * tokenCount) / stepMs;
    const row = { step: number, epoch, loss, lr, gradNorm, stepMs, tokensPerSecond, ...rewards };
    this.rows.push(row);
    this.#onRow(row);
  }
}

function diverged(step: number, loss: number): CommandError {
  return new CommandError(`the loss of step ${step} is ${loss}: the training has diverged`, {
    cure: 'give a smaller --lr or a longer --warmup; the checkpoints of the last whole epoch are kept',
  });
}
