// The engine's public face, the same in browsers and in Node (Node users import '@foreword/tensor/node'): everything in
// functions.ts, and every op that begins with a tensor as a method of Tensor.
import './methods.ts';

export * from './functions.ts';
