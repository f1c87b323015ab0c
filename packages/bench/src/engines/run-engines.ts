// Starts the engines, lets them run in alternation, and ends them whatever happens.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProgressBar } from '@foreword/cli-kit';
import { describeWork } from '../works/describe-work.ts';
import { workGroups, type Work } from '../works/index.ts';
import {
  compareEngines,
  countParts,
  isFailed,
  type Contestant,
  type FailedEngine,
  type SideBySide,
} from './compare-engines.ts';
import { EngineProcess } from './engine-process.ts';
import { trainingStep } from '../training-step/step-works.ts';
import type { ReadyPeer } from './install-peers.ts';

export interface RunEnginesOptions {
  /** Peers to run beside this project's engine. */
  peers: readonly ReadyPeer[];
  /** Peers that are not there, and why. */
  missing?: readonly FailedEngine[];
  works: readonly Work[];
  rounds: number;
}

/** Mesa would keep compiled shaders from run to run; first runs are measured without. */
const env = { MESA_SHADER_CACHE_DISABLE: 'true' };

/** Threads of native libraries (OpenMP, ONNX Runtime) spin for up to 200 ms after their work, in another engine's turn. */
const pauseMs = 250;

export async function runEngines({ peers, ...options }: RunEnginesOptions): Promise<SideBySide> {
  // Beside this file in src/ and in dist/ alike.
  const script = (name: string): URL => new URL(`./${name}${import.meta.url.slice(-3)}`, import.meta.url);
  const processes: (EngineProcess & Pick<Contestant, 'groups'>)[] = [
    Object.assign(new EngineProcess('foreword', script('foreword-engine'), { env }), { groups: workGroups }),
  ];
  for (const peer of peers) {
    const { id, interpreter, backend, groups } = peer;
    const isPython = peer.module !== undefined;
    const path = isPython ? new URL(`../../python/${peer.script}.py`, import.meta.url) : script(peer.script);
    const child = { interpreter, args: [backend], env, ...(isPython && { describe: describeWork }) };
    processes.push(Object.assign(new EngineProcess(id, path, child), { groups }));
  }
  const label = peers.length > 0 ? 'side by side' : 'training step';
  const progress = new ProgressBar({ label, unit: 'part', total: countParts(options) });
  let done = 0;
  try {
    const compared = await compareEngines(processes, {
      ...options,
      pauseMs: peers.length > 0 ? pauseMs : 0,
      onProgress: (doing) => progress.update(done++, { doing }),
    });
    for (const { id, entries } of compared.works) {
      const [ours] = entries;
      if (id !== trainingStep || isFailed(ours)) continue;
      progress.update(done, { doing: `${id}, first run with kept shaders` });
      ours.warmFirstMs = await warmFirstMs(script('foreword-engine'), id);
    }
    return compared;
  } finally {
    progress.finish();
    for (const child of processes) child.close();
  }
}

/**
 * Milliseconds of a first run in a process of its own after another process has made it: with the shaders that the driver
 * kept. Mesa keeps them in a folder that is empty at the beginning, other drivers where they always do, if they do.
 */
async function warmFirstMs(engine: URL, work: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'foreword-shaders-'));
  let ms = Number.NaN;
  try {
    for (const _ of ['fill', 'use']) {
      const child = new EngineProcess('foreword', engine, { env: { MESA_SHADER_CACHE_DIR: folder } });
      try {
        await child.open();
        [ms] = (await child.start(work)).timesMs;
        await child.end();
      } finally {
        child.close();
      }
    }
    return ms;
  } finally {
    await rm(folder, { recursive: true });
  }
}
