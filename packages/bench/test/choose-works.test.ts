// Which works a command line means, by adapter.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { clipcapId, stepWork } from '../src/training-step/step-works.ts';
import { chooseWorks, heavyNames } from '../src/works/choose-works.ts';
import { works } from '../src/works/index.ts';

const test = suite('choose works');

const software = { kind: 'software', f16: true } as const;
const gpu = { kind: 'gpu', f16: true } as const;
const ids = (options: Parameters<typeof chooseWorks>[0]): string[] =>
  chooseWorks(options).map(({ id }) => id);

test('a software adapter leaves heavy works out unless they are named; a GPU does all', () => {
  assert.equal(
    ids({ adapter: gpu }),
    works.map(({ id }) => id),
  );
  const left = works.map(({ id }) => id).filter((id) => !ids({ adapter: software }).includes(id));
  assert.equal(left, [...heavyNames]);
  assert.ok(['clipcap-step', 'clipcap-step-f16', 'matmul-4096', 'clip-64'].every((id) => left.includes(id)));
  assert.equal(ids({ adapter: software, names: ['clip'] }), ['clip-1', 'clip-8']);
  assert.equal(ids({ adapter: software, names: ['clip-64'] }), ['clip-64']);
  assert.equal(ids({ adapter: software, names: ['clipcap-step'] }), ['clipcap-step']);
});

test('without f16 its works are left out, and nothing at all is an error', () => {
  const without = { ...gpu, f16: false };
  assert.not.ok(ids({ adapter: without }).some((id) => id.includes('f16')));
  assert.throws(() => ids({ adapter: without, names: ['matmul-4096-f16'] }), /nothing of that/);
});

test('another batch of the ClipCap-sized step is another work under the same name', () => {
  const chosen = ids({ adapter: software, names: ['clipcap-step', 'clipcap-step-f16'], clipcapBatch: 2 });
  assert.equal(chosen, ['clipcap-step-b2', 'clipcap-step-f16-b2']);
  assert.is(stepWork(chosen[0])?.sizes.B, 2);
  assert.equal(
    chosen.map((id) => stepWork(id)?.weights),
    ['f32', 'f16'],
  );
  assert.is(clipcapId('clipcap-step', 40), 'clipcap-step');
  assert.is(stepWork('clipcap-step')?.sizes.B, 40);
  assert.is(stepWork('matmul-256'), undefined);
});

test.run();
