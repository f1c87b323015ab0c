// Worker thread (Node): reads a picture file, preprocesses it for CLIP and sends the pixels back.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { clipPreprocess, type ClipPreprocessOptions } from './clip-preprocess.ts';
import { ImageError } from './decoded-image.ts';

/** What the pool gives each worker at its start. */
export interface WorkerSettings extends Pick<ClipPreprocessOptions, 'mean' | 'std' | 'maxPixels'> {
  size: number;
}

/** What a worker answers to a path: the pixels, or why there are none. */
export type DecodeOutcome = { pixels: Float32Array<ArrayBuffer> } | { reason: string };

const { size, ...options } = workerData as WorkerSettings;

/** Preprocesses one file; every failure becomes a reason without the path, which the pool knows. */
function preprocess(path: string): DecodeOutcome {
  try {
    return { pixels: clipPreprocess(readFileSync(path), size, options) as Float32Array<ArrayBuffer> };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ImageError) return error.reason;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'the file does not exist';
  if (code === 'EISDIR') return 'this is a folder, not a picture';
  if (code === 'EACCES' || code === 'EPERM') return 'the file may not be read (no permission)';
  return message;
}

parentPort?.on('message', (path: string) => {
  const outcome = preprocess(path);
  parentPort?.postMessage(outcome, 'pixels' in outcome ? [outcome.pixels.buffer] : []);
});
