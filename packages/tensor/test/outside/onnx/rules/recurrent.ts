// ONNX's recurrent layers, step by step from products and activations.
import * as f from '../../../../src/node.ts';
import type { Tensor } from '../../../../src/node.ts';
import { read, Skip, type Inputs, type NodeCall, type Outputs, type Rule, type Rules } from '../value.ts';

interface Layer {
  /** Each step's input times the weights, both biases apart: [B, gates·H]. */
  steps: Tensor[];
  recurrent: Tensor;
  biases: [Tensor, Tensor] | undefined;
  hidden: Tensor;
  size: number;
}

type State = [hidden: Tensor, cell?: Tensor];
type Step = (x: Tensor, state: State, layer: Layer) => State;

const row = (t: Tensor): Tensor => f.reshape(t, t.shape.slice(1));
const timesTransposed = (x: Tensor, w: Tensor): Tensor => f.matmul(x, f.transpose(w, [1, 0]));

function recurrent(gates: number, makeStep: (inputs: Inputs, call: NodeCall) => Step): Rule {
  return async (inputs, call): Promise<Outputs> => {
    const [x, w, r, bias, lengths, initial, cell] = inputs;
    if (call.text('direction', 'forward') !== 'forward') throw new Skip('recurrent layers backwards');
    const isBatchFirst = call.int('layout', 0) === 1;
    const turn = (t: Tensor): Tensor => (isBatchFirst ? f.swapaxes(t, 0, 1) : t);
    const input = turn(x!.tensor);
    if (lengths && (await read(lengths)).some((n) => n !== input.dim(0)))
      throw new Skip('recurrent layers with sequences of several lengths');
    const size = call.int('hidden_size', r!.tensor.dim(-1));
    const batch = input.dim(1);
    const state = (given: Tensor | undefined): Tensor =>
      given ? row(turn(given)) : f.zeros(call.device, [batch, size]);
    const layer: Layer = {
      steps: f.unbind(input).map((step) => timesTransposed(step, row(w!.tensor))),
      recurrent: row(r!.tensor),
      biases: bias && (f.split(row(bias.tensor), [gates * size, gates * size]) as [Tensor, Tensor]),
      hidden: state(initial?.tensor),
      size,
    };
    const step = makeStep(inputs, call);
    let now: State = [layer.hidden, state(cell?.tensor)];
    const all = layer.steps.map((product) => {
      now = step(product, now, layer);
      return now[0];
    });
    // [T, 1, B, H], and [B, T, 1, H] where the batch comes first.
    const stacked = f.unsqueeze(f.stack(all), 1);
    const y = isBatchFirst ? f.transpose(stacked, [2, 0, 1, 3]) : stacked;
    const last = now.map((t) => ({ tensor: turn(f.unsqueeze(t!, 0)), type: x!.type }));
    return [{ tensor: y, type: x!.type }, ...last];
  };
}

const parts = (t: Tensor, size: number): Tensor[] => f.split(t, size, { axis: -1 });
const plus = (t: Tensor, ...more: (Tensor | undefined)[]): Tensor =>
  more.reduce<Tensor>((sum, each) => (each ? f.add(sum, each) : sum), t);

export const recurrentLayers: Rules = {
  RNN: recurrent(1, () => (x, [h], { recurrent: r, biases }) => [
    f.tanh(plus(x, timesTransposed(h, r), ...(biases ?? []))),
  ]),
  GRU: recurrent(3, (_, call) => (x, [h], { recurrent: r, biases, size }) => {
    const [xz, xr, xh] = parts(biases ? f.add(x, biases[0]) : x, size);
    const weights = f.split(r, size);
    const shifts = biases ? parts(biases[1], size) : [];
    const z = f.sigmoid(plus(xz, timesTransposed(h, weights[0]), shifts[0]));
    const reset = f.sigmoid(plus(xr, timesTransposed(h, weights[1]), shifts[1]));
    const candidate = call.int('linear_before_reset', 0)
      ? f.mul(reset, plus(timesTransposed(h, weights[2]), shifts[2]))
      : plus(timesTransposed(f.mul(reset, h), weights[2]), shifts[2]);
    const fresh = f.tanh(f.add(xh, candidate));
    return [f.add(fresh, f.mul(z, f.sub(h, fresh)))];
  }),
  LSTM: recurrent(4, ([, , , , , , , peepholes]) => (x, [h, c], { recurrent: r, biases, size }) => {
    const [i, o, forget, fresh] = parts(plus(x, timesTransposed(h, r), ...(biases ?? [])), size);
    const [pi, po, pf] = peepholes ? parts(row(peepholes.tensor), size) : [];
    const seen = (gate: Tensor, p: Tensor | undefined, cell: Tensor): Tensor =>
      f.sigmoid(p ? f.add(gate, f.mul(p, cell)) : gate);
    const cell = f.add(f.mul(seen(forget, pf, c!), c!), f.mul(seen(i, pi, c!), f.tanh(fresh)));
    return [f.mul(seen(o, po, cell), f.tanh(cell)), cell];
  }),
};
