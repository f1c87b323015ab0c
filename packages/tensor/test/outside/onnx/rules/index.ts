// Every ONNX operator that runs on the engine's ops.
import type { Rules } from '../value.ts';
import { move } from './move.ts';
import { pointwise } from './pointwise.ts';
import { reduce } from './reduce.ts';

export const rules: Rules = { ...pointwise, ...reduce, ...move };
