// Runs engines in alternation (A B A B …) on one adapter and compares their times and their results.
import { median, pairedRatio, summariseTimings, type Ratio, type Timing } from '../report/statistics.ts';
import { expectedSample, type Engine, type EngineFacts, type StepFacts } from './protocol.ts';

export interface EngineMatmul {
  name: string;
  /** Medians of each round. */
  time: Timing;
  gflops: number;
}

export interface MatmulComparison {
  size: number;
  engines: EngineMatmul[];
  /** The peer's time over ours, per round; absent without a peer. */
  ratio?: Ratio;
  /** Largest difference of an engine's product from the one in float64. */
  largestDifference: number;
  agrees: boolean;
}

export interface EngineSteps extends StepFacts {
  name: string;
  firstStepMs: number;
  time: Timing;
  losses: number[];
}

export interface StepComparison {
  engines: EngineSteps[];
  /** The peer's time over ours, per round; absent without a peer. */
  ratio?: Ratio;
  firstStepRatio?: number;
  /** Steps after which `losses` end. */
  steps: number;
  /** Largest difference between the engines' losses at any step. */
  largestDifference: number;
  agrees: boolean;
}

export interface SideBySide {
  engines: EngineFacts[];
  sameAdapter: boolean;
  rounds: number;
  matmul?: MatmulComparison;
  step?: StepComparison;
}

/** An engine and what to call it. */
export type NamedEngine = Engine & { readonly name: string };

export interface CompareOptions {
  rounds: number;
  matmul: boolean;
  step: boolean;
  onProgress?: (what: string) => void;
}

/** Losses and products must agree within this. */
const tolerance = 1e-3;
const matmulSize = 512;
const productsPerRound = 3;
/** Steps after the first that are not timed. */
const warmUpSteps = 2;

/** How often `onProgress` will be called. */
export const countParts = (engines: number, { rounds, matmul, step }: CompareOptions): number =>
  (step ? 2 * engines + warmUpSteps + rounds : 0) + (matmul ? 1 + rounds : 0);

/** Compares the first engine (ours) with the second, if there is one. They must not have been asked anything yet. */
export async function compareEngines(
  engines: readonly NamedEngine[],
  { rounds, matmul, step, onProgress = () => {} }: CompareOptions,
): Promise<SideBySide> {
  const facts: EngineFacts[] = [];
  for (const engine of engines) facts.push(await engine.open());
  return {
    engines: facts,
    sameAdapter: facts.every(({ adapter }) => adapter === facts[0].adapter),
    rounds,
    // Steps go first: afterwards nothing would be cold.
    ...(step && { step: await compareSteps(engines, rounds, onProgress) }),
    ...(matmul && { matmul: await compareMatmul(engines, rounds, onProgress) }),
  };
}

async function compareSteps(
  engines: readonly NamedEngine[],
  rounds: number,
  onProgress: (what: string) => void,
): Promise<StepComparison> {
  const runs = engines.map((engine) => ({
    engine,
    firstStepMs: 0,
    timesMs: [] as number[],
    losses: [] as number[],
  }));
  for (const run of runs) {
    onProgress(`first step, ${run.engine.name}`);
    const { ms, loss } = await run.engine.firstStep();
    run.firstStepMs = ms;
    run.losses.push(loss);
  }
  for (let round = -warmUpSteps; round < rounds; round++) {
    onProgress(round < 0 ? 'warm-up steps' : `step ${round + 1} of ${rounds}`);
    for (const run of runs) {
      const { ms, loss } = await run.engine.step();
      run.losses.push(loss);
      if (round >= 0) run.timesMs.push(ms);
    }
  }
  const compared: EngineSteps[] = [];
  for (const { engine, firstStepMs, timesMs, losses } of runs) {
    onProgress(`kernels of a step, ${engine.name}`);
    const facts = await engine.stepFacts(Math.min(rounds, 3));
    compared.push({ name: engine.name, firstStepMs, time: summariseTimings(timesMs), losses, ...facts });
  }
  const [ours, peer] = runs;
  const difference = peer ? largestDifference(ours.losses, peer.losses) : 0;
  return {
    engines: compared,
    ...(peer && {
      ratio: pairedRatio(peer.timesMs, ours.timesMs),
      firstStepRatio: peer.firstStepMs / ours.firstStepMs,
    }),
    steps: ours.losses.length,
    largestDifference: difference,
    agrees: difference <= tolerance,
  };
}

async function compareMatmul(
  engines: readonly NamedEngine[],
  rounds: number,
  onProgress: (what: string) => void,
): Promise<MatmulComparison> {
  const runs = engines.map((engine) => ({ engine, timesMs: [] as number[], sample: [] as number[] }));
  for (let round = -1; round < rounds; round++) {
    onProgress(round < 0 ? 'warm-up products' : `products, round ${round + 1} of ${rounds}`);
    for (const run of runs) {
      const { timesMs, sample } = await run.engine.matmul(matmulSize, productsPerRound);
      run.sample = sample;
      if (round >= 0) run.timesMs.push(median(timesMs));
    }
  }
  const [ours, peer] = runs;
  const expected = expectedSample(matmulSize);
  const difference = Math.max(...runs.map(({ sample }) => largestDifference(sample, expected)));
  return {
    size: matmulSize,
    engines: runs.map(({ engine, timesMs }) => {
      const time = summariseTimings(timesMs);
      return { name: engine.name, time, gflops: (2 * matmulSize ** 3) / time.medianMs / 1e6 };
    }),
    ...(peer && { ratio: pairedRatio(peer.timesMs, ours.timesMs) }),
    largestDifference: difference,
    agrees: difference <= tolerance,
  };
}

/** Infinity for values that are no numbers or missing: those agree with nothing. */
export function largestDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Infinity;
  const largest = Math.max(0, ...a.map((value, i) => Math.abs(value - b[i])));
  return Number.isNaN(largest) ? Infinity : largest;
}
