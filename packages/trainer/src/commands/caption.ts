// `pnpm caption`: a caption for each picture, streamed as it is written.
import { readFile } from 'node:fs/promises';
import { defineFlags, interruptOnce, runCommand } from '@foreword/cli-kit';
import { openDevice } from '@foreword/tensor/node';
import { explainPicture } from '../data/explain-picture.ts';
import { shownPath } from '../data/repository.ts';
import { assertOneCaptioner, captionerFlags, openCaptioner } from '../models/open-captioner.ts';

const flags = defineFlags({
  ...captionerFlags,
  beam: { type: 'integer', min: 1, max: 64, describe: "beams of ClipCap's beam search (default: greedy)" },
  maxTokens: { type: 'integer', default: 40, min: 1, max: 512, describe: 'longest caption in tokens' },
  json: { type: 'boolean', describe: 'one JSON object per picture: {"image", "caption", "finished"}' },
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
    const { signal } = interruptOnce({ finishing: 'stopping' });
    assertOneCaptioner(values);
    const device = await openDevice({ adapter: values.adapter });
    const captioner = await openCaptioner(device, values, signal);
    const { gpt2, mapper } = captioner.parts;
    const maxTokens = Math.min(values.maxTokens, gpt2.config.n_positions - mapper.config.prefixLength);
    const options = { maxTokens, signal, decode: values.beam ? { beam: values.beam } : ('greedy' as const) };
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
        process.stderr.write(`error: ${shownPath(image)}: ${explainPicture(error)}\n`);
      }
    }
    captioner.dispose();
    device.close();
    return failures > 0 ? 1 : 0;
  },
});
