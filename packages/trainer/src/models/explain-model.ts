// Errors of models that cannot be had or loaded, told with the name that was asked for.
import { CommandError } from '@foreword/cli-kit';

/** What files and names of models are refused with. */
const ofModels =
  /^(Hub|Clip|Gpt2|Mapper|Checkpoint|Module|Tokenizer|Torch|Safetensors)\w*Error$|^SyntaxError$/;

/**
 * Runs `load`; an error about a model becomes a CommandError with that error's own cure, or one that fits all.
 * @param name as the user gave it
 */
export async function explainModel<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof Error) || !ofModels.test(error.name)) throw error;
    const { message, cure } = error as Error & { cure?: string };
    throw new CommandError(message.includes(name) ? message : `${name}: ${message}`, {
      cure: cure ?? '`pnpm models` lists the names that are known; a folder is written ./folder',
      cause: error,
    });
  }
}
