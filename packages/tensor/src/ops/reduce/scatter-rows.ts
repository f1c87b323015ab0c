// Puts values back at the places they were taken from: the gradient of what chooses from rows.
import type { Shape } from '../../core/shape.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { kernelOp } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

/** g and indices [R, K] → `shape` of R rows of N: g[r, j] at indices[r, j], zero elsewhere. An index stands once in a row. */
export const scatterRows = kernelOp(
  'scatterRows',
  ([g]: readonly [Tensor, Tensor], { shape }: { shape: Shape }) => [{ shape, dtype: g.dtype }],
  ({ run }, [g, indices], [out], { shape }) => {
    const [N, K] = [shape.at(-1)!, g.dim(-1)];
    if (N !== K)
      run({
        name: 'zeros',
        write: { out },
        threads: out.size,
        code: 'fn thread(i: u32) { out[i] = out_t(); }',
      });
    run({
      read: { g, indices },
      write: { out },
      consts: { N, K },
      threads: g.size,
      code: wgsl`fn thread(i: u32) { out[(i / K) * N + indices[i]] = out_t(g[i]); }`,
    });
  },
);
