// The committed lists of outside tests that do not pass, each with its reason.
import { readFileSync } from 'node:fs';

/** Reasons of tests that run and give something else begin with this. */
export const differs = 'differs: ';

/** Test name → reason, or reasons. */
export const readSkips = <T extends string | string[]>(file: URL): Partial<Record<string, T>> =>
  JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<string, T>>;

/** How often each reason stands, the most frequent first. */
export function reasonsOf(reasons: readonly string[]): [reason: string, count: number][] {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
