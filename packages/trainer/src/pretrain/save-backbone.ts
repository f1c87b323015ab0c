// Writes a backbone's folder: weights, configuration, tokenizer and the model card that says how it was made.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@foreword/cli-kit';
import { writeSafetensors, type SafetensorsEntry } from '@foreword/tensor/node';
import type { TokenizerJson } from '@foreword/tokenizer';

export interface Backbone {
  entries: readonly SafetensorsEntry[];
  configText: string;
  tokenizerJson: TokenizerJson;
  /** Markdown. */
  card: string;
}

export async function saveBackbone(
  dir: string,
  { entries, configText, tokenizerJson, card }: Backbone,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFileAtomic(join(dir, 'config.json'), configText);
  await writeFileAtomic(join(dir, 'tokenizer.json'), `${JSON.stringify(tokenizerJson)}\n`);
  await writeFileAtomic(join(dir, 'README.md'), card);
  await writeFileAtomic(join(dir, 'model.safetensors'), writeSafetensors(entries, { format: 'pt' }));
}
