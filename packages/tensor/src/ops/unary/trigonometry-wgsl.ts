// Trigonometric functions in WGSL for pointwise kernels; WGSL's own are off by 2⁻¹¹ absolutely, and by 4096 units in the last place for
// asin, acos and atan (WGSL §15.7.4). Polynomials fitted for this file.
import { wgsl } from '../../kernel/wgsl.ts';

/**
 * `circle(x, ahead)`: sin(x + ahead · π/2). x is brought to ±π/4 by subtracting n · π/2 with π/2 in four parts of 11 bits and
 * the rest, which is exact for n < 2¹³, so for |x| up to 12,867; beyond, x counts as off by half a unit in its last place.
 */
export const circleWgsl = wgsl`
fn sinPart(r: V) -> V {
  let z = r * r;
  return r + r * z * (-0.16666667 + z * (0.008333329 + z * (-0.00019839258 + z * 2.7175681e-06)));
}
fn cosPart(r: V) -> V {
  let z = r * r;
  return 1.0 - 0.5 * z + z * z * (0.041666668 + z * (-0.0013888883 + z * (2.4799438e-05 + z * -2.720334e-07)));
}
fn quarters(x: V) -> V { return round(x * 0.636619772); }
fn lessQuarters(x: V, n: V) -> V {
  return ((x - n * 1.5703125) - n * 0.0004837512969970703) - n * 7.549533620476723e-08 - n * 2.5633440682570896e-12;
}
fn circle(x: V, ahead: VI) -> V {
  let n = quarters(x);
  let r = lessQuarters(x, n);
  let q = VI(n) + ahead;
  let s = select(sinPart(r), cosPart(r), (q & VI(1)) != VI(0));
  return select(s, -s, (q & VI(2)) != VI(0));
}
fn tanCircle(x: V) -> V {
  let n = quarters(x);
  let r = lessQuarters(x, n);
  let s = sinPart(r);
  let c = cosPart(r);
  return select(s / c, -c / s, (VI(n) & VI(1)) != VI(0));
}`;

/** `atanPart(t)`: atan t for t from 0 to 1; `atanV(x)`: atan x. */
export const atanWgsl = wgsl`
fn atanPart(t: V) -> V {
  let z = t * t;
  return t + t * z * (-0.33333302 + z * (0.19998638 + z * (-0.14265245 + z * (0.10957572 + z * (-0.08419446
    + z * (0.05823432 + z * (-0.03145547 + z * (0.011064315 + z * -0.0018271847))))))));
}
fn atanV(x: V) -> V {
  let a = abs(x);
  let p = atanPart(select(a, 1.0 / a, a > V(1.0)));
  let r = select(p, 1.57079633 - p, a > V(1.0));
  return select(r, -r, x < V(0.0));
}`;

/** `asinV(x)` and `acosV(x)`: beyond ½ by way of asin √((1 − |x|)/2). */
export const asinWgsl = wgsl`
fn asinPart(s: V, z: V) -> V {
  return s + s * z * (0.1666666 + z * (0.07500511 + z * (0.04451572 + z * (0.031817608 + z * (0.014402615 + z * 0.037565187)))));
}
fn asinNear(x: V) -> V {
  let a = abs(x);
  let z = select(x * x, 0.5 * (1.0 - a), a > V(0.5));
  return asinPart(select(a, sqrt(z), a > V(0.5)), z);
}
fn asinV(x: V) -> V {
  let p = asinNear(x);
  let r = select(p, 1.57079633 - 2.0 * p, abs(x) > V(0.5));
  return select(r, -r, x < V(0.0));
}
fn acosV(x: V) -> V {
  let p = asinNear(x);
  let inner = 1.57079633 - select(p, -p, x < V(0.0));
  return select(select(inner, 2.0 * p, x > V(0.5)), 3.14159265 - 2.0 * p, x < V(-0.5));
}`;
