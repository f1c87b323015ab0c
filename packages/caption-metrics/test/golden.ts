// Reads the goldens; see golden/README.md for what made them.
import { readFileSync } from 'node:fs';

export const readGolden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./golden/${name}`, import.meta.url), 'utf8'));
