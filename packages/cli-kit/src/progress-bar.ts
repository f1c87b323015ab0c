// Progress on stderr: one line that updates itself on a terminal, a plain line now and then elsewhere.

/** The part of `process.stderr` that is used. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Settings of a progress bar. */
export interface ProgressOptions {
  /** How many units the whole work has; undefined when unknown. */
  total?: number;
  /** What is being done: `train`. */
  label: string;
  /** Name of one unit, for the rate: `step` gives `3.1 steps/s`. Default `step`. */
  unit?: string;
  /** Units done before this process began (a resumed run); they do not count for the rate. */
  start?: number;
  /** Default `process.stderr`. */
  stream?: ProgressStream;
  /** Seconds between plain lines where there is no terminal. Default 5. */
  plainEverySeconds?: number;
  /** Milliseconds since any fixed moment; default `performance.now`. */
  now?: () => number;
}

const redrawEveryMs = 100;
const rateWindowMs = 15_000;

/**
 * Shows done/total, rate, time left and free fields such as the loss.
 *
 * @example
 * const bar = new ProgressBar({ label: 'train', total: 500 });
 * bar.update(step, { loss: loss.toFixed(3), lr: lr.toExponential(1) });
 * bar.finish();
 */
export class ProgressBar {
  readonly #options: ProgressOptions;
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  readonly #isTerminal: boolean;
  readonly #startedAt: number;
  #samples: { at: number; done: number }[];
  #done: number;
  #fields: Record<string, string | number> = {};
  #shownAt = -Infinity;
  #shownDone = -1;
  #lineOpen = false;
  #finished = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#stream = options.stream ?? process.stderr;
    this.#now = options.now ?? (() => performance.now());
    this.#isTerminal = this.#stream.isTTY === true;
    this.#startedAt = this.#now();
    this.#done = options.start ?? 0;
    this.#samples = [{ at: this.#startedAt, done: this.#done }];
  }

  /** Reports that `done` units are done in all; `fields` stay until they are given anew. */
  update(done: number, fields: Record<string, string | number> = {}): void {
    if (this.#finished) return;
    const now = this.#now();
    this.#done = done;
    Object.assign(this.#fields, fields);
    this.#samples.push({ at: now, done });
    while (this.#samples.length > 2 && now - this.#samples[1].at > rateWindowMs) this.#samples.shift();
    const everyMs = this.#isTerminal ? redrawEveryMs : (this.#options.plainEverySeconds ?? 5) * 1000;
    if (now - this.#shownAt >= everyMs) this.#show(now);
  }

  /** Prints a line of its own above the bar. */
  note(line: string): void {
    if (this.#lineOpen) this.#stream.write('\r\u001b[K');
    this.#lineOpen = false;
    this.#stream.write(`${line}\n`);
    if (this.#isTerminal && !this.#finished) this.#show(this.#now());
  }

  /** Shows the last state, ends the line and prints `message` if there is one. */
  finish(message?: string): void {
    if (this.#finished) return;
    if (this.#shownDone !== this.#done || this.#isTerminal) this.#show(this.#now());
    if (this.#lineOpen) this.#stream.write('\n');
    this.#lineOpen = false;
    this.#finished = true;
    if (message !== undefined) this.#stream.write(`${message}\n`);
  }

  #show(now: number): void {
    this.#shownAt = now;
    this.#shownDone = this.#done;
    if (!this.#isTerminal) {
      this.#stream.write(`${this.#parts(now).join('  ')}\n`);
      return;
    }
    this.#stream.write(`\r${this.#fit(now)}\u001b[K`);
    this.#lineOpen = true;
  }

  /** The pieces of the line, most important first. */
  #parts(now: number): string[] {
    const { label, total, unit = 'step' } = this.#options;
    const parts = [`${label} ${this.#done}${total === undefined ? '' : `/${total}`}`];
    const rate = this.#unitsPerSecond(now);
    if (total !== undefined && rate > 0 && this.#done < total) {
      parts.push(`${formatSeconds((total - this.#done) / rate)} left`);
    } else {
      parts.push(formatSeconds((now - this.#startedAt) / 1000));
    }
    for (const [name, value] of Object.entries(this.#fields)) parts.push(`${name} ${formatField(value)}`);
    if (rate > 0) parts.push(formatRate(rate, unit));
    return parts;
  }

  // A line as wide as the terminal wraps on some of them, and a wrapped line cannot be redrawn with \r: one
  // column stays free. What does not fit is left out from the back; the bar takes the room that remains.
  #fit(now: number): string {
    const width = Math.max(1, (this.#stream.columns ?? 80) - 1);
    const parts = this.#parts(now);
    while (parts.length > 1 && parts.join('  ').length > width) parts.pop();
    const text = parts.join('  ').slice(0, width);
    const { total } = this.#options;
    const barWidth = Math.min(30, width - text.length - 2);
    if (total === undefined || total <= 0 || barWidth < 8) return text;
    const filled = Math.round(barWidth * Math.min(1, this.#done / total));
    return `${parts[0]}  ${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}${text.slice(parts[0].length)}`;
  }

  #unitsPerSecond(now: number): number {
    const first = this.#samples[0];
    const seconds = (now - first.at) / 1000;
    return seconds > 0 ? (this.#done - first.done) / seconds : 0;
  }
}

/** `75` → `1:15`, `3700` → `1:01:40`, `9` → `9 s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const pad = (n: number): string => String(n).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${pad(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(whole % 60)}`;
}

function formatRate(rate: number, unit: string): string {
  if (rate < 0.2) return `${(1 / rate).toPrecision(3)} s/${unit}`;
  const digits = rate < 10 ? 1 : 0;
  return `${rate.toFixed(digits)} ${unit}s/s`;
}

function formatField(value: string | number): string {
  return typeof value === 'string' || Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
