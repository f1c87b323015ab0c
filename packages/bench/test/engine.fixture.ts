// An engine without a GPU: answers, fails, ends or stays silent, by work.
import { serveEngine } from '../src/engines/serve-engine.ts';

await serveEngine({
  open: async () => {
    console.log('a library says hello');
    console.info('and how it may be made faster');
    const [word = ''] = process.argv.slice(2);
    return { name: 'stand-in', version: '1', adapter: `${process.env.STAND_IN} ${word}` };
  },
  async begin(work) {
    if (work === 'fails') throw Object.assign(new Error('no adapter here'), { exitCode: 3 });
    if (work === 'ends') {
      console.error('last words');
      process.exit(7);
    }
    if (work === 'silent') await new Promise(() => setInterval(() => {}, 1000));
    if (work === 'no number') return { next: async () => ({ values: [Number.NaN] }) };
    let runs = 0;
    return { next: async () => ({ values: [++runs], ms: 10 * runs }) };
  },
});
