// The bars this project set itself on the software adapter of a 2-core machine.
import { trainingStep } from '../training-step/step-works.ts';
import { ratioBar, type Bar } from './bars.ts';

export const softwareBars: readonly Bar[] = [
  ratioBar('512³ f32 matmul, TensorFlow.js webgpu', 'matmul-512', 'tfjs-webgpu', 4),
  ratioBar('1024³ f32 matmul, TensorFlow.js webgpu', 'matmul-1024', 'tfjs-webgpu', 4),
  ratioBar('training step, TensorFlow.js webgpu', trainingStep, 'tfjs-webgpu', 4),
  ratioBar('training step, TensorFlow.js wasm', trainingStep, 'tfjs-wasm', 1),
  ratioBar('ViT-B/32 batch 1, ONNX Runtime webgpu', 'clip-1', 'onnx-webgpu', 3),
  ratioBar('ViT-B/32 batch 8, ONNX Runtime webgpu', 'clip-8', 'onnx-webgpu', 3),
  ratioBar('GPT-2 prompt, ONNX Runtime webgpu', 'gpt2-prompt', 'onnx-webgpu', 3),
  ratioBar('GPT-2 token by token, ONNX Runtime webgpu', 'gpt2-token', 'onnx-webgpu', 8),
  {
    name: 'first step, compilation included',
    unit: 's',
    wanted: { atMost: 5 },
    measure(entries) {
      const ours = entries.of(trainingStep, 'foreword');
      return 'why' in ours ? ours : { value: ours.firstMs / 1000 };
    },
  },
  {
    name: 'first step with the shaders that the driver kept',
    unit: 's',
    wanted: { atMost: 1.5 },
    measure(entries) {
      const ours = entries.of(trainingStep, 'foreword');
      if ('why' in ours) return ours;
      const { warmFirstMs } = ours;
      return warmFirstMs === undefined ? { why: 'it was not run' } : { value: warmFirstMs / 1000 };
    },
  },
];
