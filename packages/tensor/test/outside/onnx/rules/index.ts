// Every ONNX operator that runs on the engine's ops.
import type { Rules } from '../value.ts';
import { pointwise } from './pointwise.ts';

export const rules: Rules = { ...pointwise };
