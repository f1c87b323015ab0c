// An engine without a GPU: answers, fails, ends or stays silent, by question.
import { serveEngine } from '../src/engines/serve-engine.ts';

await serveEngine({
  open: async () => {
    console.log('a library says hello');
    console.info('and how it may be made faster');
    return { name: 'stand-in', version: '1', adapter: process.env.STAND_IN ?? '' };
  },
  firstStep: async () => {
    throw Object.assign(new Error('no adapter here'), { exitCode: 3 });
  },
  step: async () => {
    console.error('last words');
    process.exit(7);
  },
  stepFacts: () => new Promise(() => setInterval(() => {}, 1000)),
  matmul: async (...args) => ({ timesMs: args, sample: [1] }),
});
