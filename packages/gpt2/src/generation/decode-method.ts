// The decoding methods by name, and what each needs of the GPU: rows per item, what it reads, how it runs.
//
// Without processors a method reads the least it can: greedy the ids, beams the likeliest tokens. With them the
// logits come to the host, are changed there, and are turned into the same answers.
import { assertBeams, beamCandidates, beamSearch, clipCapBeam, type BeamOptions } from '../decode/beam.ts';
import { assertContrastive, contrastiveSearch, type ContrastiveOptions } from '../decode/contrastive.ts';
import {
  logitProcessors,
  type LogitProcessor,
  type ProcessorContext,
  type ProcessorOptions,
} from '../decode/logit-processors.ts';
import { processedSteps, topOfLogits } from '../decode/processed-steps.ts';
import { assertSampling, sampleTokens, type SampleOptions } from '../decode/sample.ts';
import type { DecodeLimits, DecodeSteps, Decoding, LogitRows } from '../decode/steps.ts';
import { greedySearch, greedySearchOfLogits } from '../decode/token-by-token.ts';
import {
  allLogits,
  assertTemperature,
  likeliestIds,
  topTokens,
  withStates,
  type Readout,
} from './readout.ts';

/**
 * `greedy` is also what ClipCap calls top-p; `beam` without options is ClipCap's beam search, with `groups` diverse
 * beam search; `contrastive` with a guide is MAGIC. Processors serve them all.
 */
export type DecodeMethod = ProcessorOptions &
  (
    | { method: 'greedy' }
    | ({ method: 'beam'; temperature?: number } & Partial<BeamOptions>)
    | ({ method: 'sample' } & SampleOptions)
    | ({ method: 'contrastive' } & ContrastiveOptions)
  );

/** A method with its shape and readout filled in, ready to run on a session. */
export interface PreparedMethod {
  rowsPerItem: number;
  readsLast: boolean;
  readout: Readout<unknown>;
  decode(steps: DecodeSteps<unknown>, limits: DecodeLimits): Decoding;
}

/** Whether the method's last token is read too. */
export const readsLast = ({ method }: DecodeMethod): boolean => method === 'contrastive';

/** @throws RangeError for options that make no sense. */
export function prepareMethod(method: DecodeMethod, context: ProcessorContext): PreparedMethod {
  const processors = logitProcessors(method, context);
  switch (method.method) {
    case 'greedy':
      return processors.length === 0
        ? prepare(method, 1, likeliestIds, greedySearch)
        : prepare(
            method,
            1,
            allLogits,
            processed(processors, (x) => x, greedySearchOfLogits),
          );
    case 'sample':
      assertSampling(method);
      return prepare(
        method,
        method.samples ?? 1,
        allLogits,
        processed(
          processors,
          (x) => x,
          (steps, limits) => sampleTokens(steps, limits, method),
        ),
      );
    case 'beam':
      return prepareBeam(method, processors, context);
    case 'contrastive':
      return prepareContrastive(method, processors);
  }
}

type Run<R> = (steps: DecodeSteps<R>, limits: DecodeLimits) => Decoding;

function prepare<R>(
  method: DecodeMethod,
  rowsPerItem: number,
  readout: Readout<R>,
  decode: Run<R>,
): PreparedMethod {
  // The readout makes the steps' answers, so both sides agree on R; the session cache need not know it.
  return { rowsPerItem, readsLast: readsLast(method), readout, decode };
}

/** The same search over logits that went through the processors. */
function processed<A extends LogitRows, R>(
  processors: readonly LogitProcessor[],
  read: (answer: A) => R,
  decode: Run<R>,
): Run<A> {
  return (steps, limits) => decode(processedSteps(steps, processors, read), limits);
}

function prepareBeam(
  method: DecodeMethod & { method: 'beam' },
  processors: readonly LogitProcessor[],
  { stop }: ProcessorContext,
): PreparedMethod {
  const {
    temperature = 1,
    beams,
    length,
    finished,
    groups,
    diversityPenalty,
  } = { ...clipCapBeam, ...method };
  const options: BeamOptions = { beams, length, finished, groups, diversityPenalty };
  assertBeams(options);
  assertTemperature(temperature);
  const count = beamCandidates(options, stop);
  const search: Run<ReturnType<typeof topOfLogits>> = (steps, limits) => beamSearch(steps, limits, options);
  if (processors.length === 0) return prepare(method, beams, topTokens(count, temperature), search);
  const top = (answer: LogitRows) => topOfLogits(answer, count, temperature);
  return prepare(method, beams, allLogits, processed(processors, top, search));
}

function prepareContrastive(
  method: DecodeMethod & { method: 'contrastive' },
  processors: readonly LogitProcessor[],
): PreparedMethod {
  assertContrastive(method);
  const { candidates } = method;
  if (processors.length === 0) {
    return prepare(method, candidates, withStates(topTokens(candidates)), (steps, limits) =>
      contrastiveSearch(steps, limits, method),
    );
  }
  return prepare(
    method,
    candidates,
    withStates(allLogits),
    processed(
      processors,
      (answer) => ({
        ...topOfLogits(answer, candidates),
        states: answer.states,
        stateSize: answer.stateSize,
      }),
      (steps, limits) => contrastiveSearch(steps, limits, method),
    ),
  );
}
