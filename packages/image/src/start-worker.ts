// Starts a module of this folder as a worker thread (Node), built or straight from its TypeScript source.
import { Worker } from 'node:worker_threads';

/**
 * @param name module beside this one, without extension
 * @param workerData what the module finds as `workerData`
 */
export function startWorker(name: string, workerData: unknown): Worker {
  const fromSource = import.meta.url.endsWith('.ts');
  const entry = new URL(`./${name}.${fromSource ? 'ts' : 'js'}`, import.meta.url);
  const { typescript } = process.features as { typescript?: string | false };
  if (!fromSource || typescript) return new Worker(entry, { workerData });
  // Before Node 22.18 sources run through tsx, whose hooks a worker does not inherit: it has to register them itself.
  const tsx = import.meta.resolve('tsx/esm/api');
  const boot = `import(${JSON.stringify(tsx)}).then(({ register }) => (register(), import(${JSON.stringify(entry.href)})))`;
  return new Worker(boot, { workerData, eval: true });
}
