// Runs engines in alternation (A B C A B C …) and compares their times and their results, work by work.
import { setTimeout as wait } from 'node:timers/promises';
import { median, pairedRatio, summariseTimings, type Ratio, type Timing } from '../report/statistics.ts';
import type { Work, WorkGroup } from '../works/index.ts';
import { relativeDifference } from '../works/sample.ts';
import type { Engine, EngineFacts, WorkFacts, WorkResult } from './protocol.ts';

/** An engine that took part, or why it did not. */
export type EngineEntry = EngineFacts & { id: string; problem?: undefined };
export interface FailedEngine {
  id: string;
  problem: string;
}

/** What one engine did in one work. */
export interface WorkEntry {
  engine: string;
  problem?: undefined;
  /** From values on the host to the first result on the host, compilation included. */
  firstMs: number;
  /** The same with the shaders that the driver kept from a run before; only of our small training step. */
  warmFirstMs?: number;
  /** Medians of each round. */
  time: Timing;
  /** The work's unit per second of the median. */
  perSecond: number;
  /** This engine's time over ours, per round; absent for ours. */
  ratio?: Ratio;
  /** Largest difference from our results, as a share of the largest of them; absent for ours. */
  difference?: number;
  /** Whether that is within the work's tolerance; null where this is our own. */
  agrees: boolean | null;
  /** One per run, the first included; only of training steps. */
  losses?: number[];
  facts?: WorkFacts;
}

/** An engine that takes part in a work but could not finish it. */
export interface FailedEntry {
  engine: string;
  problem: string;
}

export interface WorkComparison extends Pick<Work, 'id' | 'title' | 'unit'> {
  entries: (WorkEntry | FailedEntry)[];
}

export interface SideBySide {
  engines: (EngineEntry | FailedEngine)[];
  /** Of those that tell which adapter they have. */
  sameAdapter: boolean;
  rounds: number;
  works: WorkComparison[];
}

/** An engine, what to call it, and what it takes part in. */
export interface Contestant extends Engine {
  readonly id: string;
  readonly groups: readonly WorkGroup[];
}

export interface CompareOptions {
  rounds: number;
  works: readonly Work[];
  /** Peers that could not even be installed, and why. */
  missing?: readonly FailedEngine[];
  onProgress?: (what: string) => void;
  /** Idle time before each engine's turn, in milliseconds; default none. */
  pauseMs?: number;
}

export const isFailed = <T extends { problem?: string }>(entry: T): entry is T & { problem: string } =>
  entry.problem !== undefined;

/** How often `onProgress` will be called. */
export const countParts = ({ rounds, works }: Pick<CompareOptions, 'rounds' | 'works'>): number =>
  works.reduce((sum, { warmUpRounds }) => sum + 1 + warmUpRounds + rounds, 0);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Compares the first engine (ours) with all others. They must not have been asked anything yet. A peer that fails is
 * reported with its reason and the others go on.
 * @throws whatever our own engine throws
 */
export async function compareEngines(
  [ours, ...peers]: readonly Contestant[],
  { rounds, works, missing = [], onProgress = () => {}, pauseMs = 0 }: CompareOptions,
): Promise<SideBySide> {
  const opened: EngineEntry[] = [{ id: ours.id, ...(await ours.open()) }];
  const failed: FailedEngine[] = [...missing];
  const present = [ours];
  for (const peer of peers) {
    try {
      opened.push({ id: peer.id, ...(await peer.open()) });
      present.push(peer);
    } catch (error) {
      failed.push({ id: peer.id, problem: messageOf(error) });
    }
  }
  const adapters = opened.flatMap(({ adapter }) => adapter ?? []);
  const compared: WorkComparison[] = [];
  for (const work of works) {
    const participants = present.filter((engine) => engine === ours || engine.groups.includes(work.group));
    compared.push(await compareWork(participants, work, { rounds, onProgress, pauseMs }));
  }
  return {
    engines: [...opened, ...failed],
    sameAdapter: adapters.every((adapter) => adapter === adapters[0]),
    rounds,
    works: compared,
  };
}

interface Run {
  engine: Contestant;
  first: WorkResult;
  /** Medians of counted rounds. */
  timesMs: number[];
  /** Samples of all runs, the first and those of warm-ups included. */
  sample: number[];
  facts?: WorkFacts;
  problem?: string;
}

async function compareWork(
  engines: readonly Contestant[],
  work: Work,
  { rounds, onProgress, pauseMs }: { rounds: number; onProgress: (what: string) => void; pauseMs: number },
): Promise<WorkComparison> {
  const runs: Run[] = engines.map((engine) => ({
    engine,
    first: { timesMs: [], sample: [] },
    timesMs: [],
    sample: [],
  }));
  /** Goes on without a peer that fails. */
  const eachRun = async (ask: (run: Run) => Promise<void>): Promise<void> => {
    for (const run of runs) {
      if (run.problem !== undefined) continue;
      if (pauseMs > 0) await wait(pauseMs);
      try {
        await ask(run);
      } catch (error) {
        if (run === runs[0]) throw error;
        run.problem = messageOf(error);
      }
    }
  };
  onProgress(`${work.id}, first run`);
  await eachRun(async (run) => {
    run.first = await run.engine.start(work.id);
    run.sample.push(...run.first.sample);
  });
  for (let round = -work.warmUpRounds; round < rounds; round++) {
    onProgress(`${work.id}, ${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}`);
    await eachRun(async (run) => {
      const { timesMs, sample } = await run.engine.run(work.id, work.runsPerRound);
      run.sample.push(...sample);
      if (round >= 0) run.timesMs.push(median(timesMs));
    });
  }
  await eachRun(async (run) => {
    if (work.unit === 'steps')
      run.facts = (await run.engine.facts(work.id, Math.min(rounds, 3))) ?? undefined;
    await run.engine.finish(work.id);
  });
  const { id, title, unit } = work;
  return { id, title, unit, entries: runs.map((run) => entryOf(run, runs[0], work)) };
}

function entryOf(run: Run, ours: Run, work: Work): WorkEntry | FailedEntry {
  const { engine, first, timesMs, sample, facts, problem } = run;
  if (problem !== undefined) return { engine: engine.id, problem };
  const time = summariseTimings(timesMs);
  const difference = relativeDifference(sample, ours.sample);
  return {
    engine: engine.id,
    firstMs: first.timesMs[0],
    time,
    perSecond: (1000 * work.amount) / time.medianMs,
    ...(run !== ours && { ratio: pairedRatio(timesMs, ours.timesMs), difference }),
    agrees: run === ours ? null : difference <= work.tolerance,
    ...(work.unit === 'steps' && { losses: sample }),
    ...(facts && { facts }),
  };
}
