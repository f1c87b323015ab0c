// Loads a captioner from the folder of a training run.
import { access, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseModelName, resolveModel } from '@foreword/hub/node';
import type { Device, TensorFile } from '@foreword/tensor';
import { openSafetensorsPath } from '@foreword/tensor/node';
import { Captioner } from './captioner.ts';
import { MapperError } from './mapper-error.ts';
import { parseRunConfig } from './run-config.ts';

export interface LoadCaptionerOptions {
  /** Which of the run's checkpoints; default `best`. */
  checkpoint?: string;
  /** Folders to take instead of those the run names; relative ones are relative to the working directory. */
  backbones?: { clip?: string; gpt2?: string };
  /** Pictures and captions worked on at once. Default 16. */
  batch?: number;
}

/** The captioner of a run; see `loadCaptioner` of the Node entry. */
export async function loadRunCaptioner(
  device: Device,
  runFolder: string,
  { checkpoint = 'best', backbones = {}, batch }: LoadCaptionerOptions,
): Promise<Captioner> {
  const configPath = join(runFolder, 'config.json');
  const config = await readJson(configPath, 'is this the folder of a training run?');
  const { backbones: named, featureSpace } = parseRunConfig(config, { name: configPath });
  const folders = {
    clip: backbones.clip ?? (await backboneFolder(runFolder, named.clip, [])),
    gpt2: backbones.gpt2 ?? (await backboneFolder(runFolder, named.gpt2, ['tokenizer.json'])),
  };
  const open: TensorFile[] = [];
  const opened = async (path: string, cure: string): Promise<TensorFile> => {
    await assertThere(path, cure);
    const file = await openSafetensorsPath(path);
    open.push(file);
    return file;
  };
  try {
    const files = {
      config,
      checkpoint: await opened(
        join(runFolder, 'checkpoints', `${checkpoint}.safetensors`),
        'the run has not saved it; let it train on with --resume, or choose another checkpoint',
      ),
      featureSpace:
        featureSpace === undefined
          ? undefined
          : await opened(join(runFolder, featureSpace), 'the run was trained on texts only and needs it'),
      clip: {
        config: await readJson(join(folders.clip, 'config.json'), backboneCure),
        weights: await opened(await weightsPath(folders.clip), backboneCure),
        tokenizer: await readJsonIfThere(join(folders.clip, 'tokenizer.json')),
      },
      gpt2: {
        config: await readJson(join(folders.gpt2, 'config.json'), backboneCure),
        weights: await opened(await weightsPath(folders.gpt2), backboneCure),
        tokenizer: await readJson(join(folders.gpt2, 'tokenizer.json'), backboneCure),
      },
    };
    return await Captioner.load(device, files, { batch });
  } finally {
    await Promise.all(open.map((file) => file.close()));
  }
}

/** A folder as the run names it, or that of the hub's repository in the cache, fetched if need be. */
async function backboneFolder(runFolder: string, name: string, files: readonly string[]): Promise<string> {
  if (parseModelName(name).kind !== 'repository') return resolve(runFolder, name);
  const needed = ['config.json', 'model.safetensors', ...files];
  return (await resolveModel(name, { files: needed, optional: ['tokenizer.json'] })).folder!;
}

const backboneCure =
  'the run needs the models it was trained with; put the folder back, or name it with `backbones`';

/** A folder's `model.safetensors`, or the index of its shards where there is one. */
async function weightsPath(folder: string): Promise<string> {
  const index = join(folder, 'model.safetensors.index.json');
  return (await isThere(index)) ? index : join(folder, 'model.safetensors');
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function assertThere(path: string, cure: string): Promise<void> {
  if (!(await isThere(path))) throw new MapperError(`${path} is missing or cannot be read: ${cure}`);
}

/** Undefined when the file is not there: few ways of decoding need it, and they say so. */
const readJsonIfThere = async (path: string): Promise<unknown> =>
  (await isThere(path)) ? await readJson(path, backboneCure) : undefined;

async function readJson(path: string, cure: string): Promise<unknown> {
  await assertThere(path, cure);
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new MapperError(`${path} is no JSON (${(error as Error).message}); it may be truncated`, {
      cause: error,
    });
  }
}
