// OpenAI's own names of its models (clip/clip.py of openai/CLIP): where each is to be had.
import { ClipError } from './clip-error.ts';

/** Those that Hugging Face's hub has. */
const repositories: ReadonlyMap<string, string> = new Map([
  ['ViT-B/32', 'openai/clip-vit-base-patch32'],
  ['ViT-B/16', 'openai/clip-vit-base-patch16'],
  ['ViT-L/14', 'openai/clip-vit-large-patch14'],
  ['ViT-L/14@336px', 'openai/clip-vit-large-patch14-336'],
]);

/** Those that are files only; the folder is the file's SHA-256. */
const files: ReadonlyMap<string, string> = new Map([
  ['RN50', 'afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762'],
  ['RN101', '8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599'],
  ['RN50x4', '7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd'],
  ['RN50x16', '52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa'],
  ['RN50x64', 'be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c'],
]);

/** The tokenizer of all of OpenAI's models, whose own files have none. */
export const openAiTokenizer = 'openai/clip-vit-base-patch32';

/**
 * The hub's name for OpenAI's (`ViT-B/32`); any other name as it is.
 * @throws ClipError with the URL of the file, for the models that are on no hub
 */
export function hubNameOf(name: string): string {
  const sha256 = files.get(name);
  if (sha256 === undefined) return repositories.get(name) ?? name;
  throw new ClipError(
    `${name} has no repository on the hub; give OpenAI's file, by its path (./${name}.pt) or its URL, ` +
      `https://openaipublic.azureedge.net/clip/models/${sha256}/${name}.pt`,
  );
}
