// What an op that adds into its result begins with: another tensor's values, or zeros.
import { registerType, runPointwise } from '../../kernel/pointwise.ts';
import type { LaunchContext } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { copyInto } from '../unary/cast.ts';

/** Makes `out` equal to `x`, or zero without one. */
export function startFrom(context: LaunchContext, x: Tensor | undefined, out: Tensor): void {
  if (x) copyInto(x, out);
  else runPointwise(context, { name: 'fill', read: {}, out, value: `${registerType(out.dtype)}(0)` });
}
