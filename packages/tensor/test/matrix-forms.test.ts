// Products with subgroup matrices: which qualify, in which tiles, and that their text is valid for GPUs that are not here.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { buildCall, type KernelSpec } from '../src/kernel/kernel.ts';
import type { AdapterSummary, Device, DType } from '../src/node.ts';
import type { Gemm, GemmPiece } from '../src/ops/product/gemm-piece.ts';
import { launchGemm } from '../src/ops/product/gemm.ts';
import {
  describeForm,
  matrixForms,
  matrixFormsFor,
  memoryItems,
  suitsMatrices,
  tileSides,
} from '../src/ops/product/matrix-forms.ts';
import { matrixKernel } from '../src/ops/product/matrix-kernel.ts';
import { apple, intel, matrix, nvidia, openNullDevice, pieceOn, type Sides } from './matrix-machines.ts';
import { transposes } from './product-check.ts';

const test = suite('matrix forms');
const nullDevice = await openNullDevice();

test.after.each(failOnGpuErrors(nullDevice));
test.after(() => nullDevice.close());

test('there are forms only with the feature, sums in f32, one subgroup size, f16 and enough memory', () => {
  assert.equal(matrixForms(nvidia).map(describeForm), [
    'f16 16×16×16, 128 × 128 × 32',
    'f16 16×16×16, 64 × 128 × 32',
    'f16 16×16×16, 64 × 64 × 32',
    'f16 16×16×16, 128 × 128 × 32, direct',
  ]);
  assert.equal(matrixForms(apple).map(describeForm), [
    'f16 8×8×8, 64 × 128 × 32',
    'f16 8×8×8, 64 × 64 × 32',
    'f16 8×8×8, 32 × 64 × 32',
    'f16 8×8×8, 64 × 128 × 32, direct',
    'f32 8×8×8, 64 × 128 × 16',
    'f32 8×8×8, 64 × 64 × 16',
    'f32 8×8×8, 32 × 64 × 16',
    'f32 8×8×8, 64 × 128 × 16, direct',
  ]);
  const changes: [string, Partial<AdapterSummary>][] = [
    ['no feature', { subgroupMatrices: [] }],
    ['sums in f16 only', { subgroupMatrices: [matrix('f16', 'f16', 16, 16, 16)] }],
    ['subgroups of many sizes', { subgroups: { min: 8, max: 32 } }],
    ['no subgroups', { subgroups: undefined }],
    ['no f16', { f16: false }],
    ['no workgroup memory', { workgroupBytes: 1024 }],
  ];
  for (const [what, change] of changes) assert.equal(matrixForms({ ...nvidia, ...change }), [], what);
  const small = matrixForms({ ...nvidia, workgroupBytes: 16_384 });
  assert.equal(small.map(describeForm), ['f16 16×16×16, 64 × 64 × 32']);
  for (const form of small) assert.ok(memoryItems(form) * 16 <= 16_384);
});

test('products of f16 qualify, mixed ones if rounding is agreed to, two f32 only without rounding', () => {
  nullDevice.scope(() => {
    const large: Sides = [2048, 2048, 64];
    const of = (types: DType[], sides = large, changes: Partial<Gemm> = {}): GemmPiece =>
      pieceOn(nullDevice, sides, changes, types);
    const suits = (piece: GemmPiece, adapter: AdapterSummary, halfProducts = false): boolean =>
      suitsMatrices(piece, { adapter, halfProducts });
    assert.is(suits(of(['f16', 'f16']), nvidia), true);
    assert.is(suits(of(['f32', 'f16']), nvidia), false);
    assert.is(suits(of(['f32', 'f16']), nvidia, true), true);
    assert.is(suits(of(['f16', 'f32']), nvidia, true), true);
    assert.is(suits(of(['f32', 'f32']), nvidia, true), false);
    assert.is(suits(of(['f16', 'f16'], [31, 64, 64]), nvidia), false);
    assert.is(suits(of(['f16', 'f16'], [64, 64, 31]), nvidia), false);
    assert.is(suits(of(['f16', 'f16'], large, { gather: { runs: 1, code: '' } }), nvidia), false);
    for (const halfProducts of [false, true]) {
      const forms = matrixFormsFor(of(['f32', 'f32']), { adapter: apple, halfProducts });
      assert.equal([...new Set(forms.map((form) => form.config.component))], ['f32']);
    }
    // The largest tiles that keep the GPU busy; direct loads only of whole, aligned tiles.
    const order = (sides: Sides): string[] =>
      matrixFormsFor(of(['f16', 'f16'], sides), { adapter: nvidia, halfProducts: false }).map(describeForm);
    assert.is(order(large)[0], 'f16 16×16×16, 128 × 128 × 32');
    assert.is(order([1024, 1024, 64])[0], 'f16 16×16×16, 64 × 128 × 32');
    assert.is(order([256, 512, 64])[0], 'f16 16×16×16, 64 × 64 × 32');
    assert.is(order(large).at(-1), 'f16 16×16×16, 128 × 128 × 32, direct');
    assert.is(order([2000, 2048, 64]).length, 3);
  });
});

test('the text is valid for NVIDIA’s, Apple’s and Intel’s configurations', async () => {
  const { gpu } = nullDevice;
  for (const adapter of [nvidia, apple, intel]) {
    for (const form of matrixForms(adapter)) {
      const { M, N } = tileSides(form);
      for (const how of transposes) {
        // Whole tiles as they are; edges with a factor to convert.
        const { component } = form.config;
        const products: [Sides, DType[]][] = [
          [
            [2 * M, N, 64],
            [component, component, 'f16'],
          ],
        ];
        if (!form.direct)
          products.push([
            [M + 3, N + 5, 47],
            ['f32', 'f16', 'f32'],
          ]);
        for (const [sides, types] of products) {
          const code = nullDevice.scope(() => {
            const spec = matrixKernel(pieceOn(nullDevice, sides, how, types), form);
            return buildCall('matmul', spec, nullDevice.kernelLimits)!.code;
          });
          gpu.pushErrorScope('validation');
          gpu.createShaderModule({ code });
          const error = await gpu.popErrorScope();
          assert.is(
            error?.message,
            undefined,
            `${describeForm(form)} ${JSON.stringify(how)} ${sides.join('×')}`,
          );
        }
      }
    }
  }
});

test('pipelines are valid where workgroup memory is the least there is', async () => {
  const { gpu } = nullDevice;
  // Dawn's null adapter takes subgroups of up to 128 for possible, as many as these workgroups have invocations.
  for (const adapter of [nvidia, apple]) {
    for (const form of matrixForms({ ...adapter, workgroupBytes: 16_384 })) {
      gpu.pushErrorScope('validation');
      nullDevice.scope(() => {
        nullDevice.run(
          'matmul',
          matrixKernel(
            pieceOn(nullDevice, [128, 128, 64], {}, [form.config.component, form.config.component]),
            form,
          ),
        );
        nullDevice.flush();
      });
      assert.is((await gpu.popErrorScope())?.message, undefined, describeForm(form));
    }
  }
});

test('launchGemm takes them on a GPU, for every piece, and never on a software adapter', () => {
  const [M, N, K] = [64, 64, 128];
  const specsOn = (adapter: AdapterSummary, type: DType): KernelSpec[] =>
    nullDevice.scope(() => {
      const specs: KernelSpec[] = [];
      // Bindings hold half of a factor, so that the product is cut along K.
      const limits = { halfProducts: false, bindingLimit: M * N * 2 };
      const pretended = { adapter, choices: nullDevice.choices, ...limits } as unknown as Device;
      const context = { device: pretended, run: (spec: KernelSpec) => void specs.push(spec) };
      launchGemm(context, pieceOn(nullDevice, [M, N, K], { transA: true }, ['f16', type, 'f16']));
      return specs;
    });
  const enabled = (adapter: AdapterSummary, type: DType): unknown[] => [
    ...new Set(specsOn(adapter, type).map((spec) => spec.subgroupMatrices)),
  ];
  assert.is(specsOn(nvidia, 'f16').length, 2);
  assert.equal(enabled(nvidia, 'f16'), ['f16']);
  assert.equal(enabled(nvidia, 'f32'), [undefined]);
  assert.equal(enabled(apple, 'f32'), ['f32']);
  assert.equal(enabled({ ...nvidia, kind: 'software' }, 'f16'), [undefined]);
});

test.run();
