// `pnpm caption`: a caption for each picture, streamed as it is written.
import { readFile } from 'node:fs/promises';
import { CommandError, defineFlags, interruptOnce, runCommand, UsageError } from '@foreword/cli-kit';
import {
  knownDecodeChoices,
  parseDecodeChoice,
  type Captioner,
  type DecodeChoice,
} from '@foreword/prefix-mapper';
import { loadCaptioner } from '@foreword/prefix-mapper/node';
import { openDevice, TensorError, type Device } from '@foreword/tensor/node';
import { runsRoot, shownPath } from '../data/repository.ts';
import { listRuns } from '../run/run-folder.ts';

const flags = defineFlags({
  run: {
    type: 'string',
    placeholder: 'DIR',
    describe: 'run folder of `pnpm train` (default: the newest in runs/)',
  },
  decode: {
    type: 'string',
    placeholder: 'METHOD',
    describe: `how captions are written, with options after commas (default: greedy); one of ${knownDecodeChoices}`,
  },
  beam: { type: 'integer', min: 1, max: 64, describe: "short for --decode beam:N, ClipCap's beam search" },
  maxTokens: { type: 'integer', default: 40, min: 1, max: 512, describe: 'longest caption in tokens' },
  json: { type: 'boolean', describe: 'one JSON object per picture: {"image", "caption", "finished"}' },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

await runCommand({
  name: 'pnpm caption',
  summary: 'Captions pictures (PNG or JPEG) with a trained run.',
  flags,
  positionals: { name: 'image', describe: 'picture files', min: 1 },
  async run({ values, positionals }) {
    const decode = decodeOf(values);
    const { signal } = interruptOnce({ finishing: 'stopping' });
    const run = values.run ?? (await listRuns(runsRoot)).at(-1);
    if (run === undefined) {
      throw new CommandError('there is no run to caption with', {
        cure: 'train one first: pnpm train --quick --prefix 10 (about a minute)',
      });
    }
    const device = await openDevice({ adapter: values.adapter });
    const captioner = await loadRun(device, run);
    const { gpt2, mapper } = captioner.parts;
    const maxTokens = Math.min(values.maxTokens, gpt2.config.n_positions - mapper.config.prefixLength);
    const options = { maxTokens, signal, decode };
    let failures = 0;
    for (const image of positionals) {
      try {
        const bytes = await readFile(image);
        if (values.json) {
          const { text, isStopped } = await captioner.caption(bytes, options);
          process.stdout.write(`${JSON.stringify({ image, caption: text, finished: isStopped })}\n`);
          continue;
        }
        let head = positionals.length > 1 ? `${image}: ` : '';
        for await (const piece of captioner.stream(bytes, options)) {
          process.stdout.write(head + piece);
          head = '';
        }
        process.stdout.write(`${head}\n`);
      } catch (error) {
        signal.throwIfAborted();
        failures++;
        process.stderr.write(`error: ${shownPath(image)}: ${explain(error as NodeJS.ErrnoException)}\n`);
      }
    }
    captioner.dispose();
    device.close();
    return failures > 0 ? 1 : 0;
  },
});

/** @throws UsageError for a method that is not understood, before anything is loaded. */
function decodeOf({ decode, beam }: { decode?: string; beam?: number }): DecodeChoice {
  if (decode !== undefined && beam !== undefined) {
    throw new UsageError('--decode and --beam say both how captions are written', {
      cure: 'leave one of them out',
    });
  }
  try {
    return parseDecodeChoice(decode ?? (beam === undefined ? 'greedy' : `beam:${beam}`));
  } catch (error) {
    throw new UsageError((error as Error).message, { cure: 'for example --decode beam:5,no-repeat=3' });
  }
}

/** The captioner of a run; what its files lack is told with the run's name. */
async function loadRun(device: Device, run: string): Promise<Captioner> {
  try {
    return await loadCaptioner(device, run);
  } catch (error) {
    if (error instanceof TensorError) throw error;
    throw new CommandError(`the run ${shownPath(run)} cannot caption: ${(error as Error).message}`, {
      cure: 'give another --run, put its files back, or train anew',
      cause: error,
    });
  }
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is no such file';
  if (error.code === 'EISDIR') return 'this is a folder; give picture files';
  return error.message;
}
