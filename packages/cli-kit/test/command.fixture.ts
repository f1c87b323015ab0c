// A command for run-command.test.ts that ends in every way a command can end.
import { setTimeout as wait } from 'node:timers/promises';
import {
  CommandError,
  defineFlags,
  interruptOnce,
  InterruptedError,
  runCommand,
  writeFileAtomic,
} from '../src/index.ts';

const flags = defineFlags({
  do: { type: 'string', default: 'nothing', describe: 'what to do' },
  file: { type: 'string', default: '', describe: 'where to write' },
});

const actions: Record<string, (file: string) => number | void | Promise<number | void>> = {
  'hold-open': () => {
    setInterval(() => {}, 1000);
    process.stdout.write('done\n');
  },
  'return-4': () => 4,
  'long-output': () => {
    process.stdout.write('x'.repeat(5_000_000));
    return 1;
  },
  'no-adapter': () => {
    throw new CommandError('no WebGPU adapter answers', { exitCode: 3, cure: 'install a Vulkan driver' });
  },
  defect: () => {
    throw new TypeError('wrong turn', { cause: new Error('the map is old') });
  },
  starve: () => new Promise<void>(() => {}),
  steps: async () => {
    const interrupt = interruptOnce();
    for (let step = 1; step <= 500; step++) {
      process.stdout.write(`step ${step}\n`);
      await wait(100);
      if (!interrupt.interrupted) continue;
      process.stdout.write(`saved after step ${step}\n`);
      throw new InterruptedError();
    }
  },
  'write-for-ever': async (file) => {
    interruptOnce({ echoMs: 50 });
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let piece = 0; ; piece++) {
        yield new Uint8Array(1000);
        process.stdout.write(`piece ${piece}\n`);
        await wait(100);
      }
    }
    await writeFileAtomic(file, endless());
  },
  'log-and-save': async (file) => {
    for (let line = 0; line < 5; line++) {
      process.stderr.write(`line ${line}\n`);
      await wait(50);
    }
    await writeFileAtomic(file, 'saved');
    process.stdout.write('saved\n');
  },
  'print-and-save': async (file) => {
    const interrupt = interruptOnce();
    for (let step = 1; step <= 500 && !interrupt.interrupted; step++) {
      process.stdout.write(`step ${step}\n`);
      await wait(20);
    }
    await writeFileAtomic(file, `saved early: ${interrupt.interrupted}`);
    interrupt.signal.throwIfAborted();
  },
  stubborn: async () => {
    const interrupt = interruptOnce({ echoMs: 50 });
    process.stdout.write('ready\n');
    while (!interrupt.interrupted) await wait(10);
    await wait(200);
    process.stdout.write('later\n');
    await wait(30_000);
    process.stdout.write('never ends\n');
  },
};

await runCommand({
  name: 'pnpm fixture',
  summary: 'Ends in many ways.',
  flags,
  run: ({ values }) => actions[values.do](values.file),
});
