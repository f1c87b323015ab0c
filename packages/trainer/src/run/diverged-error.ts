// A training that has diverged: what is no number any more, and which checkpoint there is.
import { CommandError } from '@foreword/cli-kit';

/** Losses, gradients or weights hold NaN or ∞. */
export class DivergedError extends CommandError {
  override readonly name = 'DivergedError';
  /** What is no number: `the loss of step 2 is NaN`. */
  readonly what: string;

  /** @param saved step of the run's last checkpoint, if it has one */
  constructor(what: string, saved?: number) {
    const kept =
      saved === undefined
        ? 'no checkpoint was saved before it'
        : `checkpoints/last.safetensors is kept as it was after step ${saved}`;
    super(`${what}: the training has diverged`, {
      cure: `give a smaller --lr or a longer --warmup; ${kept}`,
    });
    this.what = what;
  }
}
