// A pool of worker threads (Node) that turns picture files into CLIP's input, several at a time.
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { PerChannel } from './clip-preprocess.ts';
import { ImageError } from './decoded-image.ts';
import type { DecodeOutcome, WorkerSettings } from './decode-worker.ts';
import { startWorker } from './start-worker.ts';

export interface DecodePoolOptions {
  /** Side of the square each picture becomes. */
  size?: number;
  /** Number of threads; by default one per core, at most 16. */
  workers?: number;
  mean?: PerChannel;
  std?: PerChannel;
  /** Refuse larger pictures. */
  maxPixels?: number;
}

export interface DecodePool extends AsyncDisposable {
  /** Number of threads. */
  readonly workers: number;
  /**
   * Reads and preprocesses one file; see `clipPreprocess`. Calls queue up, so start as many as memory for their results
   * allows.
   *
   * @returns `pixels` [3, size, size]
   * @throws ImageError naming the path and the cause; the signal's reason once it is aborted
   */
  preprocess(
    path: string,
    options?: { signal?: AbortSignal },
  ): Promise<{ pixels: Float32Array<ArrayBuffer> }>;
  /** Stops the threads; what is not finished is rejected. Idle threads do not keep the process alive anyway. */
  close(): Promise<void>;
}

interface Job {
  path: string;
  resolve: (result: { pixels: Float32Array<ArrayBuffer> }) => void;
  reject: (error: unknown) => void;
}

/** A thread and what it is at. */
interface Seat {
  worker?: Worker;
  job?: Job;
}

const mostWorkers = 16;

/**
 * Starts a pool. Threads start with the first jobs; a thread that dies of a picture is replaced, and only that picture
 * fails.
 *
 * @throws RangeError when `size` or `workers` is not a positive whole number
 */
export function createDecodePool({
  size = 224,
  workers = Math.min(availableParallelism(), mostWorkers),
  ...options
}: DecodePoolOptions = {}): DecodePool {
  for (const [name, value] of Object.entries({ size, workers })) {
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`createDecodePool: ${name} must be a positive whole number, not ${value}`);
  }
  const settings: WorkerSettings = { size, ...options };
  const seats: Seat[] = Array.from({ length: workers }, () => ({}));
  const waiting = new Set<Job>();
  let closed = false;

  /** Gives waiting jobs to idle threads. */
  function assign(): void {
    for (const seat of seats) {
      if (seat.job) continue;
      const [job] = waiting;
      if (!job) return;
      waiting.delete(job);
      seat.job = job;
      seat.worker ??= start(seat);
      seat.worker.ref();
      seat.worker.postMessage(job.path, []);
    }
  }

  function finish(seat: Seat): Job | undefined {
    const { job } = seat;
    seat.job = undefined;
    seat.worker?.unref();
    return job;
  }

  function start(seat: Seat): Worker {
    const worker = startWorker('decode-worker', settings);
    worker.on('message', (outcome: DecodeOutcome) => {
      const job = finish(seat);
      if ('pixels' in outcome) job?.resolve({ pixels: outcome.pixels });
      else job?.reject(new ImageError(outcome.reason, { file: job.path }));
      assign();
    });
    let cause: unknown;
    worker.on('error', (error) => (cause = error));
    worker.on('exit', (code) => {
      if (seat.worker !== worker) return;
      const job = finish(seat);
      seat.worker = undefined;
      const why = cause instanceof Error ? cause.message : `exit code ${code}`;
      job?.reject(new ImageError(`the decoding thread stopped (${why})`, { file: job.path, cause }));
      if (!closed) assign();
    });
    return worker;
  }

  async function close(): Promise<void> {
    closed = true;
    const running = seats.flatMap(({ job }) => job ?? []);
    for (const job of [...waiting, ...running])
      job.reject(new ImageError('the decode pool was closed', { file: job.path }));
    waiting.clear();
    await Promise.all(seats.flatMap(({ worker }) => worker?.terminate() ?? []));
  }

  return {
    workers,
    preprocess(path, { signal } = {}) {
      if (closed) return Promise.reject(new ImageError('the decode pool is closed', { file: path }));
      if (signal?.aborted) return Promise.reject(signal.reason as Error);
      return new Promise((resolve, reject) => {
        // A file that a thread is already at is read to its end; only its result is dropped.
        const abort = (): void => {
          waiting.delete(job);
          job.reject(signal?.reason);
        };
        const settled = (): void => signal?.removeEventListener('abort', abort);
        const job: Job = {
          path,
          resolve: (result) => (settled(), resolve(result)),
          reject: (error) => (settled(), reject(error)),
        };
        signal?.addEventListener('abort', abort, { once: true });
        waiting.add(job);
        assign();
      });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
