// The tuner: runs every variant of the choices that a work meets, on the actual adapter, and keeps the fastest.
//
// A variant that does not compute what the first one computes is not taken, however fast it is.
import type { Device } from '../core/device.ts';
import type { MetChoice, Tuning } from '../core/choices.ts';
import { engineVersion } from '../core/engine-version.ts';
import { isFloat } from '../dtype/dtype.ts';
import { launchOp, type OpCall } from '../op.ts';
import { compile, type InputSpec, type Plan } from '../plan/plan.ts';
import type { Tensor } from '../tensor.ts';

/** A choice that a work meets: its largest call, and how often it is met. */
export interface ChoiceSite extends MetChoice {
  call: OpCall;
  calls: number;
}

export interface TunedChoice {
  key: string;
  /** The op and the shapes it was timed with. */
  timedAs: string;
  calls: number;
  /** Median milliseconds of each variant's whole op, the first variant first. */
  ms: Record<string, number>;
  /** Why variants were not timed to the end, by name. */
  dropped: Record<string, string>;
  chosen: string;
}

export interface TuneOptions {
  /** Timed runs of each variant, after one that warms up. Default 7. */
  repeats?: number;
  onChoice?: (tuned: TunedChoice, done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Less than this share gained is noise: the first variant stays. */
const worthwhile = 0.03;
/** A variant this many times slower than the best after its first run is not timed further. */
const hopeless = 3;
/** Relative to the largest magnitude. Variants sum in different orders, and round f32 beside f16 or not. */
const tolerance = { f32: 1e-4, f16: 4e-3 };

/** The choices that ops meet while `work` runs. Of the calls that share a choice, the one with the largest inputs is kept. */
export async function meetChoices(device: Device, work: () => Promise<void>): Promise<ChoiceSite[]> {
  const sites = new Map<string, ChoiceSite>();
  const elements = ({ inputs }: OpCall): number =>
    inputs.reduce((sum, input) => sum + (input ? input.shape.reduce((a, b) => a * b, 1) : 0), 0);
  await device.choices.observe((observed) => {
    const met = observed as Omit<ChoiceSite, 'calls'>;
    const found = sites.get(met.key);
    if (!found) sites.set(met.key, { ...met, calls: 1 });
    else {
      found.calls++;
      if (elements(met.call) > elements(found.call)) found.call = met.call;
    }
  }, work);
  return [...sites.values()];
}

/** @returns what was found, in the order of `sites` */
export async function tune(
  device: Device,
  sites: readonly ChoiceSite[],
  { repeats = 7, onChoice, signal }: TuneOptions = {},
): Promise<TunedChoice[]> {
  const tuned: TunedChoice[] = [];
  for (const site of sites) {
    signal?.throwIfAborted();
    const result = await tuneChoice(device, site, repeats);
    tuned.push(result);
    onChoice?.(result, tuned.length, sites.length);
  }
  return tuned;
}

/** The table for {@link Tuning}; choices that stay with their first variant are left out. */
export function tuningOf(device: Device, tuned: readonly TunedChoice[]): Tuning {
  const changed = tuned.filter(({ ms, chosen }) => chosen !== Object.keys(ms)[0]);
  return {
    adapter: adapterKey(device.adapter),
    engine: engineVersion,
    choices: Object.fromEntries(changed.map(({ key, chosen }) => [key, chosen])),
  };
}

/** Adapter and driver: what one machine's tuning is worth something for. */
export const adapterKey = ({ vendor, architecture, device, description }: Device['adapter']): string =>
  [vendor, architecture, device, description].filter(Boolean).join(' · ');

type OpPlan = Plan<Record<string, InputSpec>, Record<string, Tensor>>;

async function tuneChoice(device: Device, site: ChoiceSite, repeats: number): Promise<TunedChoice> {
  const { key, variants, call, calls } = site;
  const values = call.inputs.map((input) => input && sampleValues(input));
  const hasHalves = call.inputs.some((input) => input?.dtype === 'f16');
  const dropped: Record<string, string> = {};
  const times = new Map<string, number[]>();
  const plans = new Map<string, OpPlan>();
  try {
    let expected: Float64Array[] | undefined;
    for (const name of variants) {
      const plan = await planOf(device, call, { key, name }).catch((error: Error) => {
        dropped[name] = `it does not run: ${error.message}`;
      });
      if (!plan) continue;
      plans.set(name, plan);
      for (const [i, v] of values.entries()) if (v) plan.inputs[`x${i}`].write(v);
      plan.run();
      const results = await resultsOf(plan);
      expected ??= results;
      const off = largestDifference(results, expected);
      if (name !== variants[0] && off > tolerance[hasHalves ? 'f16' : 'f32'])
        dropped[name] = `its result differs by ${off.toExponential(1)}`;
      else times.set(name, []);
    }
    for (let round = 0; round < repeats; round++) {
      for (const [name, own] of times) {
        if (dropped[name] === undefined) own.push(await timeOf(device, plans.get(name)!));
      }
      if (round > 0) continue;
      const best = Math.min(...[...times.values()].map(([ms]) => ms));
      for (const [name, [ms]] of times)
        if (ms > hopeless * best && name !== variants[0]) dropped[name] = 'it is far slower';
    }
  } finally {
    for (const plan of plans.values()) plan.dispose();
  }
  const ms = Object.fromEntries([...times].map(([name, own]) => [name, median(own)]));
  const timed = Object.keys(ms).filter((name) => dropped[name] === undefined);
  const fastest = timed.reduce((a, b) => (ms[b] < ms[a] ? b : a), timed[0]);
  const isWorth = fastest !== undefined && ms[fastest] < (1 - worthwhile) * (ms[variants[0]] ?? Infinity);
  return { key, timedAs: describe(call), calls, ms, dropped, chosen: isWorth ? fastest : variants[0] };
}

/** One call of the op, traced with the variant in the place of the choice. */
async function planOf(
  device: Device,
  call: OpCall,
  { key, name }: { key: string; name: string },
): Promise<OpPlan> {
  const { choices } = device;
  const before = choices.table;
  const specs = Object.fromEntries(call.inputs.flatMap((input, i) => (input ? [[`x${i}`, input]] : [])));
  choices.table = { ...before, [key]: name };
  try {
    return await compile(device, specs, (given): Record<string, Tensor> => {
      const inputs = call.inputs.map((input, i) => (input ? given[`x${i}`] : undefined));
      const outputs = launchOp(call.op, inputs, call.attrs, { device, needs: call.needs });
      return Object.fromEntries(outputs.map((t, i) => [`y${i}`, t]));
    });
  } finally {
    choices.table = before;
  }
}

/** Milliseconds on the GPU where it tells them, else on the clock. */
async function timeOf(device: Device, plan: OpPlan): Promise<number> {
  if (device.adapter.timestamps) return (await plan.profile()).reduce((sum, { ms }) => sum + ms, 0);
  const startedAt = performance.now();
  plan.run();
  await device.finish();
  return performance.now() - startedAt;
}

/** Numbers between −1 and 1. One whole number is a count and as large as can be; several are places, and zero. */
function sampleValues({
  shape,
  dtype,
}: {
  shape: readonly number[];
  dtype: Tensor['dtype'];
}): ArrayLike<number> {
  const size = shape.reduce((a, b) => a * b, 1);
  if (!isFloat(dtype)) return new Uint32Array(size).fill(size === 1 ? 2 ** 30 : 0);
  let state = 1;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

async function resultsOf(plan: OpPlan): Promise<Float64Array[]> {
  const floats = Object.values(plan.outputs).filter(({ dtype, size }) => isFloat(dtype) && size > 0);
  return await Promise.all(floats.map(async (t) => Float64Array.from(await t.read())));
}

/** Relative to the largest magnitude of each result; infinite where one is no number. */
function largestDifference(results: readonly Float64Array[], expected: readonly Float64Array[]): number {
  let largest = 0;
  results.forEach((values, i) => {
    let [off, magnitude] = [0, Number.MIN_VALUE];
    values.forEach((v, at) => {
      const apart = Math.abs(v - expected[i][at]);
      off = Number.isNaN(apart) ? Infinity : Math.max(off, apart);
      magnitude = Math.max(magnitude, Math.abs(expected[i][at]));
    });
    largest = Math.max(largest, off / magnitude);
  });
  return largest;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

const describe = ({ op, inputs }: OpCall): string =>
  `${op.name} ${inputs.map((input) => (input ? `[${input.shape.join(', ')}]` : '–')).join(' · ')}`;
