// Starts the engines, lets them run in alternation, and ends them whatever happens.
import { ProgressBar } from '@foreword/cli-kit';
import { compareEngines, countParts, type SideBySide } from './compare-engines.ts';
import { EngineProcess } from './engine-process.ts';

export interface RunEnginesOptions {
  /** Run TensorFlow.js beside this project's engine. */
  tfjs: boolean;
  step: boolean;
  matmul: boolean;
  rounds: number;
}

/** Mesa would keep compiled shaders from run to run; the first step is measured without. */
const coldStart = { MESA_SHADER_CACHE_DISABLE: 'true' };

export async function runEngines({ tfjs, ...options }: RunEnginesOptions): Promise<SideBySide> {
  // Beside this file in src/ and in dist/ alike.
  const script = (name: string): URL => new URL(`./${name}${import.meta.url.slice(-3)}`, import.meta.url);
  const engines = [new EngineProcess('foreword', script('foreword-engine'), { env: coldStart })];
  if (tfjs) engines.push(new EngineProcess('tfjs', script('tfjs-engine'), { env: coldStart }));
  const label = tfjs ? 'side by side' : 'training step';
  const progress = new ProgressBar({ label, unit: 'part', total: countParts(engines.length, options) });
  let done = 0;
  try {
    return await compareEngines(engines, {
      ...options,
      onProgress: (doing) => progress.update(done++, { doing }),
    });
  } finally {
    progress.finish();
    for (const engine of engines) engine.close();
  }
}
