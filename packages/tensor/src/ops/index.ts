// Every op: those that are methods of Tensor too, and the others.
export * from './on-tensors.ts';
export * from './functions.ts';
