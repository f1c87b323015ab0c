// The lines of metrics.jsonl. Reports of steps are awaited a few steps late, so that the GPU need not wait for the host.
import { DivergedError } from '../run/diverged-error.ts';
import type { StepMetrics } from '../run/metrics.ts';
import type { SentStep } from './step-plans.ts';

/** Steps that may be under way while the next one is prepared. */
const mostUnderWay = 4;

interface LoggedStep extends Omit<StepMetrics, 'loss' | 'gradNorm' | 'stepMs' | 'tokensPerSecond'>, SentStep {
  /** Caption tokens learned from. */
  tokenCount: number;
}

/** So many steps in a row without any gradient are no chance. */
const mostFlat = 5;

export interface StepLogOptions {
  /** Rows of the steps done before. */
  rows?: readonly StepMetrics[];
  onRow: (row: StepMetrics) => void;
  /** Receives each warning once. */
  onWarning: (line: string) => void;
  /** Losses beyond it are warned about: the training has lost its way, though all is finite. Default: none. */
  usualLoss?: number;
}

export class StepLog {
  readonly rows: StepMetrics[];
  readonly #options: StepLogOptions;
  readonly #warned = new Set<string>();
  #flat = 0;
  readonly #underWay: (LoggedStep & { sentAt: number })[] = [];
  #reportedAt = 0;

  constructor(options: StepLogOptions) {
    this.rows = [...(options.rows ?? [])];
    this.#options = options;
  }

  /** @throws DivergedError when loss or gradient norm of a step a few before this one is NaN or ∞ */
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
    for (const [what, value] of Object.entries({ loss, 'gradient norm': gradNorm }))
      if (!Number.isFinite(value)) throw new DivergedError(`the ${what} of step ${step.step} is ${value}`);
    this.#watch(step.step, loss, gradNorm);
    const now = performance.now();
    // The GPU turns to a step when it has been sent and the one before is done.
    const stepMs = now - Math.max(this.#reportedAt, sentAt);
    this.#reportedAt = now;
    const { epoch, lr, step: number, ...rewards } = step;
    const tokensPerSecond = (1000 * tokenCount) / stepMs;
    const row = { step: number, epoch, loss, lr, gradNorm, stepMs, tokensPerSecond, ...rewards };
    this.rows.push(row);
    this.#options.onRow(row);
  }

  #watch(step: number, loss: number, gradNorm: number): void {
    const { usualLoss = Infinity } = this.#options;
    const cure = 'a smaller --lr may help';
    this.#flat = gradNorm === 0 ? this.#flat + 1 : 0;
    if (this.#flat === mostFlat)
      this.#warn('gradient', `no gradient since step ${step - mostFlat + 1}: nothing is learned; ${cure}`);
    if (Math.abs(loss) > usualLoss)
      this.#warn('loss', `the loss of step ${step} is ${loss.toPrecision(3)}, far beyond a guess; ${cure}`);
  }

  #warn(kind: string, line: string): void {
    if (!this.#warned.has(kind)) this.#options.onWarning(`warning: ${line}`);
    this.#warned.add(kind);
  }
}
