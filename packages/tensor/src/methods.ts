// Makes every op whose first argument is a tensor a method of Tensor, in type and in fact.
import * as ops from './ops/on-tensors.ts';
import { Tensor } from './tensor.ts';

type Ops = typeof ops;
type AsMethod<F> = F extends (x: Tensor, ...rest: infer R) => infer Out ? (...rest: R) => Out : never;
type TensorMethods = { [K in keyof Ops]: AsMethod<Ops[K]> };

declare module './tensor.ts' {
  interface Tensor extends TensorMethods {}
}

for (const [name, op] of Object.entries(ops)) {
  const call = op as unknown as (...args: unknown[]) => unknown;
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: unknown[]) {
      return call(this, ...rest);
    },
    configurable: true,
    writable: true,
  });
}
