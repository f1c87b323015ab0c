// This project's engine as a process: started by the benchmark, never by hand.
import { openDevice, type Device } from '@foreword/tensor/node';
import { readEngineVersion } from '../report/machine.ts';
import { beginWork } from './foreword-works.ts';
import { serveEngine } from './serve-engine.ts';

let opened: Device | undefined;

await serveEngine({
  async open() {
    // Only weights in f16 make a difference of it: the ClipCap-sized step that has them.
    opened = await openDevice({ halfProducts: true });
    const { vendor, device, description } = opened.adapter;
    const adapter = [vendor, device, description].join(' · ');
    return { name: 'foreword', version: await readEngineVersion(), adapter };
  },
  async begin(work) {
    if (!opened) throw new Error('begin before open');
    return await beginWork(opened, work);
  },
});
