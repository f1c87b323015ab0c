// The error function in WGSL, to the accuracy of f32. It is fused behind products, so it uses no names but `V`.
import { wgsl } from '../../kernel/wgsl.ts';

// Polynomials fitted for this file (weighted least squares made uniform): erf(x)/x − 1 in x² below 0.9, and −ln(1 − erf(x)) from
// there to 4, where erf is 1 in f32. Largest relative error of f32 arithmetic over both: about 1.5e-7.
export const erfWgsl = wgsl`
fn erfV(x: V) -> V {
  let a = abs(x);
  let z = x * x;
  let small = a + a * (0.12837917 + z * (-0.37612635 + z * (0.11283702 + z * (-0.026859699 + z * (0.0052017057
    + z * (-0.0008149688 + z * 8.397288e-05))))));
  let q = -0.00017055203 + a * (1.1294951 + a * (0.6333867 + a * (0.10823662 + a * (-0.025091497 + a * (0.004160527
    + a * (-0.000432303 + a * 2.0909554e-05))))));
  let r = select(select(1.0 - exp(-q), small, a < V(0.9)), V(1.0), a > V(4.0));
  return select(r, -r, x < V(0.0));
}`;
