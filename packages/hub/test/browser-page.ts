// What the browser test calls inside the page: the browser entry, with results that can leave the page.
import { HubError, resolveModel, type ResolveOptions } from '@foreword/hub';

export interface Outcome {
  files?: readonly string[];
  commit?: string;
  /** SHA-256 of each file, in the order of `files`. */
  hashes?: string[];
  tensor?: number[];
  /** loaded bytes, as progress told them */
  loaded: number[];
  error?: { name: string; code?: string; message: string; cure?: string };
}

export interface PageCall extends Omit<ResolveOptions, 'progress' | 'signal'> {
  /** Aborts when so many bytes have come. */
  abortAt?: number;
  /** Reads this tensor of the weights. */
  tensor?: string;
}

async function call(name: string, { abortAt = Infinity, tensor, ...options }: PageCall): Promise<Outcome> {
  const loaded: number[] = [];
  const controller = new AbortController();
  const progress: ResolveOptions['progress'] = (now) => {
    loaded.push(now.loaded);
    document.title = String(now.loaded);
    if (now.loaded >= abortAt) controller.abort();
  };
  try {
    const model = await resolveModel(name, { ...options, progress, signal: controller.signal });
    const hashes: string[] = [];
    for (const file of model.files) {
      const source = await model.open(file);
      const bytes = (await source.read(0, source.size)) as Uint8Array<ArrayBuffer>;
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      hashes.push([...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
    }
    const { files, commit } = model;
    if (tensor === undefined) return { files, commit, hashes, loaded };
    const weights = await model.weights();
    return { files, commit, hashes, loaded, tensor: [...(await weights.readAsF32(tensor))] };
  } catch (error) {
    const { name, message } = error as Error;
    const told = error instanceof HubError ? { code: error.code, cure: error.cure } : {};
    return { loaded, error: { name, message, ...told } };
  }
}

Object.assign(globalThis, { hubCall: call });
document.body.dataset.state = 'ready';
