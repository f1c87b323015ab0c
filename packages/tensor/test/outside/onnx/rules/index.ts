// Every ONNX operator that runs on the engine's ops.
import type { Rules } from '../value.ts';
import { model } from './model.ts';
import { move } from './move.ts';
import { places } from './places.ts';
import { pointwise } from './pointwise.ts';
import { quantized } from './quantized.ts';
import { recurrentLayers } from './recurrent.ts';
import { reduce } from './reduce.ts';
import { signal } from './signal.ts';
import { window } from './window.ts';

export const rules: Rules = {
  ...pointwise,
  ...reduce,
  ...move,
  ...places,
  ...window,
  ...model,
  ...recurrentLayers,
  ...quantized,
  ...signal,
};
