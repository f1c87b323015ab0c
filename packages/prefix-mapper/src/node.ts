// The Node entry: everything of the package, and captioners from run folders on disk and from models by their names.
import { load as loadClip } from '@foreword/clip/node';
import { load as loadGpt2 } from '@foreword/gpt2/node';
import { resolveModel, type NodeResolveOptions } from '@foreword/hub/node';
import type { Device } from '@foreword/tensor';
import type { Captioner } from './captioner.ts';
import { loadNamedCaptioner, type CaptionerNames, type NamedCaptionerOptions } from './load-captioner.ts';
import { loadRunCaptioner, type LoadCaptionerOptions } from './load-captioner.node.ts';

export * from './index.ts';
export type { LoadCaptionerOptions } from './load-captioner.node.ts';

export interface NodeNamedCaptionerOptions
  extends NamedCaptionerOptions, Pick<NodeResolveOptions, 'cacheFolder'> {}

/**
 * The captioner of a run: `<run>/config.json`, `<run>/checkpoints/best.safetensors`, and the backbones' folders, each
 * with `config.json` and `model.safetensors` (or its shards), GPT-2's with `tokenizer.json`.
 * @throws MapperError naming the file that is missing or does not fit, and what to do.
 * @example
 * const captioner = await loadCaptioner(await openDevice(), 'runs/last');
 * console.log((await captioner.caption(await readFile('dog.jpg'))).text);
 */
export function loadCaptioner(
  device: Device,
  runFolder: string,
  options?: LoadCaptionerOptions,
): Promise<Captioner>;
/**
 * A captioner from models by their names; disposing it frees them. What is missing is fetched into the cache.
 * @throws HubError with `code` and `cure`; ClipError, CheckpointError, MapperError, TorchFileError for files that do
 * not fit, or not each other; the signal's reason
 * @example
 * const names = { clip: 'openai/clip-vit-base-patch32', gpt2: 'gpt2', mapper: 'coco_prefix-009.pt' };
 * const captioner = await loadCaptioner(await openDevice(), names, { dtype: 'f16' });
 */
export function loadCaptioner(
  device: Device,
  names: CaptionerNames,
  options?: NodeNamedCaptionerOptions,
): Promise<Captioner>;
export function loadCaptioner(
  device: Device,
  from: string | CaptionerNames,
  options: LoadCaptionerOptions & NodeNamedCaptionerOptions = {},
): Promise<Captioner> {
  return typeof from === 'string'
    ? loadRunCaptioner(device, from, options)
    : loadNamedCaptioner({ resolve: resolveModel, loadClip, loadGpt2 }, device, from, options);
}
