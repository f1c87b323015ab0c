// Where a run's frozen models are: folders, or repositories of the hub by their names.
import { resolve } from 'node:path';
import { UsageError } from '@foreword/cli-kit';
import { hubNameOf } from '@foreword/clip/node';
import { parseModelName, resolveModel } from '@foreword/hub/node';
import { downloadBar } from '../models/download-bar.ts';
import { explainModel } from '../models/explain-model.ts';

export interface BackbonePlaces {
  clip: string;
  gpt2: string;
}

export const isOnHub = (place: string): boolean => parseModelName(place).kind === 'repository';

/**
 * What `--clip` or `--gpt2` names: a repository's name as it is on the hub, or an absolute folder.
 * @throws UsageError for the URL or the path of a single file, which has no configuration beside it
 */
export async function placeOf(name: string): Promise<string> {
  const place = await explainModel(name, async () => hubNameOf(name));
  const { kind } = await explainModel(name, async () => parseModelName(place));
  if (kind === 'repository') return place;
  if (kind === 'folder') return resolve(place);
  throw new UsageError(`${name} is a single file; a model with its config.json is needed`, {
    cure: 'give a name such as gpt2, or ./folder',
  });
}

/** Folders on this machine; repositories are fetched into the cache. */
export async function localFolders(places: BackbonePlaces, signal: AbortSignal): Promise<BackbonePlaces> {
  return await fetching(signal, async (local) => ({
    clip: await local(places.clip, []),
    gpt2: await local(places.gpt2, ['tokenizer.json']),
  }));
}

/** The same for CLIP alone. */
export async function localClipFolder(place: string, signal: AbortSignal): Promise<string> {
  return await fetching(signal, (local) => local(place, []));
}

type ToLocal = (place: string, more: readonly string[]) => Promise<string>;

/** Shows one bar for all that `work` fetches. */
async function fetching<T>(signal: AbortSignal, work: (local: ToLocal) => Promise<T>): Promise<T> {
  const bar = downloadBar();
  const local: ToLocal = async (place, more) => {
    if (!isOnHub(place)) return place;
    const files = ['config.json', 'model.safetensors', ...more];
    // The optional file is read where captions are written with CLIP's help.
    const options = { files, optional: ['tokenizer.json'], signal, progress: bar.progress };
    return (await explainModel(place, () => resolveModel(place, options))).folder!;
  };
  try {
    return await work(local);
  } finally {
    bar.finish();
  }
}
