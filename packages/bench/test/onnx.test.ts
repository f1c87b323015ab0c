// The wire format, against bytes worked out by hand from the encoding's specification, and the graphs' weights.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { clipGraph } from '../src/onnx/clip-graph.ts';
import { gpt2Graph } from '../src/onnx/gpt2-graph.ts';
import { OnnxGraph, type StoredWeight } from '../src/onnx/onnx-graph.ts';
import { bytesField, floatField, integerField, message, textField } from '../src/onnx/protobuf.ts';
import { storedWeights } from '../src/onnx/stored-weights.ts';

const test = suite('onnx');

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('fields have tag, length and the lowest seven bits first', () => {
  assert.is(hex(integerField(1, 150)), '089601');
  assert.is(hex(integerField(20, 0)), 'a00100');
  assert.is(hex(integerField(3, 2 ** 32)), '188080808010');
  assert.is(hex(textField(2, 'testing')), '120774657374696e67');
  assert.is(hex(floatField(2, 1)), '150000803f');
  assert.is(hex(bytesField(3, integerField(1, 150))), '1a03089601');
  assert.is(hex(message(integerField(1, 1), textField(2, ''))), '08011200');
  assert.throws(() => integerField(1, -1), RangeError);
  assert.throws(() => integerField(1, 0.5), RangeError);
});

test('a node names operator, inputs, results and attributes', () => {
  const graph = new OnnxGraph();
  const x = graph.input('x', [1, 'S']);
  graph.named(graph.node('Softmax', [x], { attributes: { axis: 1 } }), 'y');
  graph.output('y', [1, 'S']);
  const bytes = hex(graph.toBytes());
  // node: input x, output and name "Softmax 0", operator; attribute axis = 1 of type INT (2).
  const name = Buffer.from('Softmax 0').toString('hex');
  const axis = `0a04${Buffer.from('axis').toString('hex')}1801a00102`;
  assert.match(
    bytes,
    `0a0178` +
      `1209${name}` +
      `1a09${name}` +
      `2207${Buffer.from('Softmax').toString('hex')}` +
      `2a0b${axis}`,
  );
  // the input's type: f32 (1), dimensions 1 and "S".
  assert.match(bytes, '0a0178120f0a0d080112090a0208010a03120153');
});

test('weights are found at their bytes of a safetensors file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-onnx-'));
  try {
    const header = JSON.stringify({
      a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
      b: { dtype: 'F32', shape: [1, 3], data_offsets: [8, 20] },
      c: { dtype: 'F16', shape: [1], data_offsets: [20, 22] },
    });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const path = join(folder, 'x.safetensors');
    await writeFile(path, Buffer.concat([length, Buffer.from(header), Buffer.alloc(22)]));
    const begin = 8 + header.length;
    assert.equal(
      [...(await storedWeights(path))],
      [
        ['a', { shape: [2], offset: begin, byteLength: 8 }],
        ['b', { shape: [1, 3], offset: begin + 8, byteLength: 12 }],
      ],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('graphs ask for weights by their published names, and say which one is missing', () => {
  const asked: string[] = [];
  const weight: StoredWeight = { shape: [1], offset: 0, byteLength: 4 };
  class Everything extends Map<string, StoredWeight> {
    override get(name: string): StoredWeight {
      asked.push(name);
      return weight;
    }
  }
  clipGraph(new Everything(), 'w', { B: 1, fused: false });
  assert.ok(
    asked.includes('visual.transformer.resblocks.11.attn.in_proj_weight') && asked.includes('visual.proj'),
  );
  asked.length = 0;
  gpt2Graph(new Everything(), 'w', { fused: true });
  assert.ok(asked.includes('h.11.mlp.c_proj.bias') && asked.includes('ln_f.weight'));
  assert.throws(() => gpt2Graph(new Map(), 'w', { fused: true }), /there is no wte\.weight in w/);
});

test.run();
