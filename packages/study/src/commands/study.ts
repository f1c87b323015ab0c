// `pnpm study`: runs the cells of a study, each as a process that can be stopped and goes on, and writes the report.
import { join, resolve } from 'node:path';
import {
  CommandError,
  defineFlags,
  describeShard,
  flagName,
  InterruptedError,
  interruptOnce,
  makeFolder,
  parseShard,
  runCommand,
  shardOfEnvironment,
  UsageError,
  type FlagValues,
} from '@foreword/cli-kit';
import { quickCounts, repositoryRoot, shownPath } from '@foreword/trainer';
import { formatList } from '../cells/format-list.ts';
import { cellsOfShard, planCells, shellLine } from '../cells/plan-cells.ts';
import { runCells } from '../cells/run-cells.ts';
import { cellsFolder, variantsOf, writePlan, type StudyPlan } from '../cells/study-plan.ts';
import { surveyCells, type SurveyedCell } from '../cells/survey-cells.ts';
import { writeReports } from '../report/write-reports.ts';
import {
  defaultLengths,
  scenesEpochs,
  studyNames,
  type FlagValue,
  type StudyName,
} from '../studies/index.ts';

/** As many as the embedded test split has, so that CIDEr-D's document frequencies are of equally many pictures. */
const trainPictures = 500;

/** Handed on to every training. */
const handedOn = defineFlags({
  dataset: { type: 'string', default: 'scenes', placeholder: 'NAME', describe: 'as in pnpm train' },
  epochs: {
    type: 'integer',
    min: 1,
    describe: `passes over the pictures (default on scenes: ${scenesEpochs}, so that 18 cells fit into an hour)`,
  },
  batch: { type: 'integer', min: 1, max: 4096, describe: 'as in pnpm train' },
  maxSteps: { type: 'integer', min: 1, describe: 'as in pnpm train' },
  scoreTrain: {
    type: 'integer',
    min: 0,
    describe: `pictures of the training split that are captioned and scored too (default: ${trainPictures}, with --quick ${quickCounts.test}; 0 for none)`,
  },
  quick: { type: 'boolean', describe: 'a small dataset, to see everything work; its scores mean little' },
  backbones: { type: 'string', placeholder: 'DIR', describe: 'as in pnpm train' },
  clip: { type: 'string', placeholder: 'NAME', describe: 'as in pnpm train' },
  gpt2: { type: 'string', placeholder: 'NAME', describe: 'as in pnpm train' },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

const flags = defineFlags({
  seeds: {
    type: 'integer',
    default: 3,
    min: 1,
    max: 100,
    describe: 'trainings of each row, with seeds 1, 2, …',
  },
  lengths: {
    type: 'string',
    default: defaultLengths.join(),
    placeholder: 'P,P,…',
    describe: 'prefix lengths, where the study varies them; such as 1,2,5,10,20,40',
  },
  out: { type: 'string', placeholder: 'DIR', describe: 'folder of the study (default: studies/NAME)' },
  list: { type: 'boolean', describe: 'only print the cells, how far they are and what they will cost' },
  shard: {
    type: 'string',
    placeholder: 'i/n',
    describe: "run part i of n of the cells (default: what Slurm's or Kubernetes' index says)",
  },
  memory: {
    type: 'number',
    above: 0,
    describe: 'leave out trainings estimated to need more, host and GPU together',
  },
  ...handedOn,
});

await runCommand({
  name: 'pnpm study',
  summary:
    'Trains every cell of a study that is not done yet (rows × seeds), then writes report.md, report.html and report.json. Ctrl-C saves the current cell; the same command goes on.',
  flags,
  positionals: { name: 'study', describe: `one of ${[...studyNames, 'all'].join(', ')}`, min: 1, max: 1 },
  async run({ values, positionals: [name] }) {
    const plan = toPlan(name, values);
    const shard = values.shard === undefined ? shardOfEnvironment() : parseShard(values.shard);
    const folder = resolve(values.out ?? join(repositoryRoot, 'studies', name));
    const cells = planCells(variantsOf(plan), plan);
    const mine = shard ? cellsOfShard(cells, shard) : cells;
    const survey = { folder: cellsFolder(folder), everyCell: plan.everyCell, memoryGb: values.memory };
    const surveyed = await surveyCells(mine, survey);
    if (values.list) {
      process.stdout.write(formatList(surveyed));
      return 0;
    }
    refuseOthers(surveyed, folder);
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    if (shard) say(`${describeShard(shard)}: ${mine.length} of ${cells.length} cells`);
    await makeFolder(cellsFolder(folder));
    await writePlan(folder, plan);
    const { signal } = interruptOnce({ finishing: 'the current cell saves and stops' });
    const { failed, waiting } = await runCells(surveyed, { folder: cellsFolder(folder), signal, say });
    const text = await writeReports(folder, plan, { failed });
    process.stdout.write(text);
    if (signal.aborted || waiting.length > 0) {
      throw new InterruptedError(`interrupted; ${waiting.length} cells remain. The same command goes on.`);
    }
    if (failed.size > 0) {
      throw new CommandError(
        `${failed.size} of ${mine.length} cells failed: ${[...failed.keys()].join(', ')}`,
        {
          cure: `read ${shownPath(cellsFolder(folder))}/ID.log; the same command tries them again`,
        },
      );
    }
    return 0;
  },
});

/** A folder with runs of other settings keeps its plan and its report. */
function refuseOthers(surveyed: readonly SurveyedCell[], folder: string): void {
  const others = surveyed.flatMap(({ cell, state }) =>
    state.state === 'differs' ? [`${cell.id}: ${state.reason}`] : [],
  );
  if (others.length === 0) return;
  const more = others.length > 1 ? ` (and ${others.length - 1} more)` : '';
  throw new CommandError(`${shownPath(folder)} holds cells with other settings: ${others[0]}${more}`, {
    cure: 'give another --out, or remove their folders',
  });
}

function toPlan(name: string, values: FlagValues<typeof flags>): StudyPlan {
  const names = name === 'all' ? studyNames : studyNames.filter((known) => known === (name as StudyName));
  if (names.length === 0) {
    throw new UsageError(`there is no study "${name}"`, {
      cure: `known are ${[...studyNames, 'all'].join(', ')}`,
    });
  }
  const given = Object.keys(handedOn).flatMap((key): [string, FlagValue][] => {
    const value = values[key as keyof typeof handedOn];
    return value === undefined || value === false ? [] : [[flagName(key), value]];
  });
  const everyCell = Object.fromEntries(given);
  if (everyCell.epochs === undefined && values.dataset === 'scenes' && !values.quick)
    everyCell.epochs = scenesEpochs;
  everyCell['score-train'] ??= values.quick ? quickCounts.test : trainPictures;
  const lengths = toLengths(values.lengths);
  const { seeds, out } = values;
  const typed = ['pnpm', 'study', name, '--seeds', String(seeds), '--lengths', lengths.join()];
  for (const [flag, value] of given) typed.push(`--${flag}`, ...(value === true ? [] : [String(value)]));
  if (out !== undefined) typed.push('--out', out);
  return { format: 1, studies: names, seeds, lengths, everyCell, command: shellLine(typed) };
}

/** @throws UsageError for anything but different whole numbers */
function toLengths(text: string): number[] {
  const lengths = text.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : 0));
  if (lengths.some((P) => P < 1 || P > 512) || new Set(lengths).size < lengths.length) {
    throw new UsageError(`--lengths must be different whole numbers from 1 to 512, got "${text}"`, {
      cure: 'for example --lengths 1,2,5,10,20,40',
    });
  }
  return lengths.sort((a, b) => a - b);
}
