// einsum: sums of products written as an equation of axis letters, by permuting, reshaping and matmul.
import { assertTensor } from '../../arguments.ts';
import { ShapeError, TensorError } from '../../core/errors.ts';
import { formatShape, sizeOf } from '../../core/shape.ts';
import { defineOp, type CompositeDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { mul } from '../binary/arithmetic.ts';
import { diagonal } from '../move/diagonal.ts';
import { reshape } from '../move/reshape.ts';
import { transpose } from '../move/transpose.ts';
import { sum } from '../reduce/sum.ts';
import { matmul } from './matmul.ts';

/** One label for each axis: a letter, or for the axes of an ellipsis their place counted from the right. */
type Labels = readonly string[];

/** A tensor whose axes have labels, all different. */
interface Labelled {
  t: Tensor;
  labels: Labels;
}

const fail = (equation: string, why: string): never => {
  throw new ShapeError(`einsum: '${equation}': ${why}`);
};

/** Labels of a term of the equation; `dots` is how many axes its ellipsis stands for. */
function labelsOf(equation: string, term: string, dots: number): string[] {
  const parts = term.split('...');
  if (parts.length > 2 || !/^[A-Za-z]*$/.test(parts.join('')))
    fail(equation, `'${term}' is no list of letters with at most one ellipsis '...'`);
  const middle = parts.length === 2 ? Array.from({ length: dots }, (_, k) => `${dots - k}`) : [];
  return [...parts[0], ...middle, ...(parts[1] ?? '')];
}

export interface Equation {
  inputs: Labels[];
  output: Labels;
}

/** @throws ShapeError when the equation is malformed or does not fit the shapes. */
export function parseEquation(equation: string, shapes: readonly (readonly number[])[]): Equation {
  const [left, right, ...more] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (more.length > 0) fail(equation, `more than one '->'`);
  if (terms.length !== shapes.length) fail(equation, `${terms.length} terms for ${shapes.length} tensors`);
  const inputs = terms.map((term, i) => {
    const letters = term.replace('...', '').length;
    const dots = shapes[i].length - letters;
    if (dots < 0 || (dots > 0 && !term.includes('...')))
      fail(equation, `'${term}' has ${letters} letters for the axes of ${formatShape(shapes[i])}`);
    return labelsOf(equation, term, dots);
  });
  const all = inputs.flat();
  const dots = Math.max(0, ...all.filter((label) => /\d/.test(label)).map(Number));
  const implied = (): string[] => [
    ...labelsOf(equation, '...', dots),
    ...[...new Set(all)]
      .filter((label) => /\D/.test(label) && all.indexOf(label) === all.lastIndexOf(label))
      .toSorted(),
  ];
  const output = right === undefined ? implied() : labelsOf(equation, right, dots);
  for (const label of output)
    if (!all.includes(label) || output.indexOf(label) !== output.lastIndexOf(label))
      fail(equation, `'${label}' of the result is in no term, or comes twice in the result`);
  return { inputs, output };
}

/** Size of every label; a size of 1 broadcasts. */
export function labelSizes(
  equation: string,
  inputs: readonly Labels[],
  shapes: readonly (readonly number[])[],
): Map<string, number> {
  const sizes = new Map<string, number>();
  inputs.forEach((labels, i) =>
    labels.forEach((label, k) => {
      const n = shapes[i][k];
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && n !== 1 && known !== n)
        fail(
          equation,
          `axis '${label}' has ${known} entries and ${n}: ${shapes.map(formatShape).join(' · ')}`,
        );
      sizes.set(label, known === 1 ? n : known);
    }),
  );
  return sizes;
}

/** A term with diagonals taken of axes that share a label, and without axes of size 1 that broadcast. */
function prepared(t: Tensor, labels: Labels, sizes: Map<string, number>): Labelled {
  let from: Labelled = { t, labels };
  for (let second = 0; second < from.labels.length; second++) {
    const first = from.labels.indexOf(from.labels[second]);
    if (first === second) continue;
    const label = from.labels[second];
    from = {
      t: diagonal(from.t, { axis1: first, axis2: second }),
      labels: [...from.labels.filter((other) => other !== label), label],
    };
    second = -1;
  }
  const kept = from.labels.filter((label, k) => from.t.shape[k] === sizes.get(label));
  return {
    t: reshape(
      from.t,
      kept.map((label) => sizes.get(label)!),
    ),
    labels: kept,
  };
}

function summed({ t, labels }: Labelled, keep: (label: string) => boolean): Labelled {
  const axes = labels.flatMap((label, axis) => (keep(label) ? [] : [axis]));
  // An empty list would mean all axes.
  return { t: axes.length > 0 ? sum(t, axes) : t, labels: labels.filter(keep) };
}

/** The axes in the order `wanted`, as one axis for each group. */
function arranged({ t, labels }: Labelled, groups: readonly Labels[]): Tensor {
  const wanted = groups.flat();
  const inOrder = wanted.every((label, k) => label === labels[k]);
  const ordered = inOrder
    ? t
    : transpose(
        t,
        wanted.map((label) => labels.indexOf(label)),
      );
  const sizeOfLabel = (label: string): number => t.shape[labels.indexOf(label)];
  return reshape(
    ordered,
    groups.map((group) => sizeOf(group.map(sizeOfLabel))),
  );
}

/** The product of two terms, summed over the labels that nothing later needs. */
function contracted(left: Labelled, right: Labelled, isNeeded: (label: string) => boolean): Labelled {
  const isShared = (label: string): boolean => left.labels.includes(label) && right.labels.includes(label);
  const [a, b] = [left, right].map((term) => summed(term, (label) => isNeeded(label) || isShared(label)));
  const batch = a.labels.filter((label) => isShared(label) && isNeeded(label));
  const inner = a.labels.filter((label) => isShared(label) && !isNeeded(label));
  const [rows, columns] = [a, b].map(({ labels }) => labels.filter((label) => !isShared(label)));
  const labels = [...batch, ...rows, ...columns];
  const sizes = labels
    .map((label) => (a.labels.includes(label) ? a : b))
    .map(({ t, labels: own }, k) => t.shape[own.indexOf(labels[k])]);
  if (inner.length === 0) {
    const [x, y] = [arranged(a, [batch, rows, []]), arranged(b, [batch, [], columns])];
    return { t: reshape(mul(x, y), sizes), labels };
  }
  const lies = (term: Labelled, ...groups: Labels[]): boolean => groups.flat().join() === term.labels.join();
  const transA = lies(a, batch, inner, rows);
  const transB = lies(b, batch, columns, inner);
  const x = arranged(a, transA ? [batch, inner, rows] : [batch, rows, inner]);
  const y = arranged(b, transB ? [batch, columns, inner] : [batch, inner, columns]);
  // One batch is a plain product, which has more kernels to choose from.
  const isPlain = batch.length === 0;
  const flat = (t: Tensor): Tensor => (isPlain ? reshape(t, t.shape.slice(1)) : t);
  return { t: reshape(matmul(flat(x), flat(y), { transA, transB }), sizes), labels };
}

const definition: CompositeDefinition<{ equation: string }> = {
  name: 'einsum',
  compose(tensors, { equation }) {
    const shapes = tensors.map(({ shape }) => shape);
    const { inputs, output } = parseEquation(equation, shapes);
    const sizes = labelSizes(equation, inputs, shapes);
    const terms = tensors.map((t, i) => prepared(t, inputs[i], sizes));
    let product = terms[0];
    terms.slice(1).forEach((term, i) => {
      const later = terms.slice(i + 2).flatMap(({ labels }) => labels);
      product = contracted(product, term, (label) => output.includes(label) || later.includes(label));
    });
    const result = summed(product, (label) => output.includes(label));
    return [
      arranged(
        result,
        output.map((label) => [label]),
      ),
    ];
  },
};

/**
 * Einstein's summation: each term of `equation` names the axes of a tensor by letters; elements are multiplied where letters
 * agree, and letters that the result lacks are summed. A letter twice in a term takes the diagonal, `...` stands for any axes,
 * which broadcast, and without `->` the result has the letters that come once, in alphabetical order. Products are taken from
 * left to right. f32 and f16.
 * @throws ShapeError when the equation is malformed or sizes differ.
 * @example
 * einsum('bthd,bshd->bhts', q, k); // attention scores
 * einsum('ii', x); // trace
 */
export const einsum = defineOp(definition, (apply) => (equation: string, ...tensors: Tensor[]): Tensor => {
  if (typeof equation !== 'string')
    throw new TensorError("einsum: the equation comes first, such as 'ij,jk->ik'");
  if (tensors.length === 0) throw new TensorError('einsum: no tensors given');
  tensors.forEach((t, i) => assertTensor('einsum', `tensor ${i}`, t));
  return apply(tensors, { equation })[0];
});
