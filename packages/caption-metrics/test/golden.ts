// Reads the goldens; see golden/README.md for what made them.
import { readFileSync } from 'node:fs';

export const readGolden = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`./golden/${name}`, import.meta.url), 'utf8')) as T;
