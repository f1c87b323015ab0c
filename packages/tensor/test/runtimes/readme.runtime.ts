// The README's first program, and the losses it prints.
import type { OpenRuntimeSuite } from '@foreword/test-kit/runtimes';

async function run(): Promise<number[]> {
  const printed: unknown[] = [];
  const { log } = console;
  console.log = (...values) => void printed.push(...values);
  try {
    await import('../../README.md');
  } finally {
    console.log = log;
  }
  return printed.map(Number);
}

export const open: OpenRuntimeSuite = async () => ({
  title: 'README of tensor',
  isCompared: true,
  tests: [{ name: 'its first program', run }],
});
