// A seed that moves on by itself, so that a replayed plan draws anew without an input of its own.
import { assertSeed } from '../../kernel/random.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';

/**
 * Adds 1 to the step of `state` (u32 [2]: seed, step; persistent) and returns a copy of it. The copy stays as it is, so that a
 * backward pass makes the mask of its own forward pass again, however often the state has moved on since.
 */
export function advanceSeed(state: Tensor): Tensor {
  assertSeed('advanceSeed', state, 0);
  const { device } = state;
  const now = emptyTensor(device, [2], { dtype: 'u32', madeBy: 'advanceSeed' });
  device.run('advanceSeed', {
    write: { state, now },
    threads: 1,
    code: 'fn thread(i: u32) { state[1] += 1u; now[0] = state[0]; now[1] = state[1]; }',
  });
  return now;
}
