// `pnpm caption`: a caption for each picture, streamed as it is written.
import { readFile } from 'node:fs/promises';
import { defineFlags, interruptOnce, runCommand, UsageError } from '@foreword/cli-kit';
import {
  knownDecodeChoices,
  parseDecodeChoice,
  positionsBefore,
  type DecodeChoice,
} from '@foreword/prefix-mapper';
import { openDevice } from '@foreword/tensor/node';
import { explainPicture } from '../data/explain-picture.ts';
import { shownPath } from '../data/repository.ts';
import { formatExplanation } from '../models/format-explanation.ts';
import { assertOneCaptioner, captionerFlags, openCaptioner } from '../models/open-captioner.ts';

const flags = defineFlags({
  ...captionerFlags,
  decode: {
    type: 'string',
    placeholder: 'METHOD',
    describe: `how captions are written, with options after commas (default: greedy); one of ${knownDecodeChoices}`,
  },
  beam: { type: 'integer', min: 1, max: 64, describe: "short for --decode beam:N, ClipCap's beam search" },
  maxTokens: { type: 'integer', default: 40, min: 1, max: 512, describe: 'longest caption in tokens' },
  json: { type: 'boolean', describe: 'one JSON object per picture: {"image", "caption", "finished"}' },
  explain: {
    type: 'boolean',
    describe:
      'show the tokens nearest to each prefix row, and where in the prefix each word looked (in --json: "nearest", "words")',
  },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

await runCommand({
  name: 'pnpm caption',
  summary: "Captions pictures (PNG or JPEG) with a trained run, or with ClipCap's published weights.",
  flags,
  positionals: { name: 'image', describe: 'picture files', min: 1 },
  notes: [
    'pnpm caption photo.jpg --clip openai/clip-vit-base-patch32 --gpt2 gpt2 --mapper coco_prefix-009.pt',
  ],
  async run({ values, positionals }) {
    const decode = decodeOf(values);
    const { signal } = interruptOnce({ finishing: 'stopping' });
    assertOneCaptioner(values);
    const device = await openDevice({ adapter: values.adapter });
    const captioner = await openCaptioner(device, values, signal);
    const { gpt2, mapper } = captioner.parts;
    const maxTokens = Math.min(values.maxTokens, gpt2.config.n_positions - positionsBefore(mapper.config));
    const options = { maxTokens, signal, decode };
    let failures = 0;
    for (const image of positionals) {
      try {
        const bytes = await readFile(image);
        let head = positionals.length > 1 ? `${image}: ` : '';
        if (values.json || values.explain) {
          const [feature] = await captioner.features([bytes]);
          const [{ text, ids, isStopped }] = await captioner.captionFeatures([feature], options);
          const explanation = values.explain ? await captioner.explain(feature, ids) : undefined;
          const line = { image, caption: text, finished: isStopped, ...explanation };
          process.stdout.write(values.json ? `${JSON.stringify(line)}\n` : `${head}${text}\n`);
          if (explanation && !values.json) process.stdout.write(formatExplanation(explanation));
          continue;
        }
        for await (const piece of captioner.stream(bytes, options)) {
          process.stdout.write(head + piece);
          head = '';
        }
        process.stdout.write(`${head}\n`);
      } catch (error) {
        signal.throwIfAborted();
        failures++;
        process.stderr.write(`error: ${shownPath(image)}: ${explainPicture(error)}\n`);
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
