// A tensor over the binding limit in a kernel that knows nothing of limits: it is bound in several pieces, and the kernel's
// text is rewritten so that `x[i]` finds the right one. Slower than a plain array, hence only where nothing else serves:
// kernels that are run often walk such tensors in windows (windows.ts, flat.ts, pointwise.ts).
import { TensorError } from '../core/errors.ts';
import { wgsl } from './wgsl.ts';

/** Pieces of equal length, the last may be shorter: the array `name` is `name_s0`, `name_s1`, … */
export interface Segmented {
  name: string;
  /** Items of a piece. */
  itemsPerPiece: number;
  pieces: number;
  writable: boolean;
}

const piece = (name: string, k: number): string => `${name}_s${k}`;

/** WGSL of `fn seg_load_x(i: u32) -> x_t` and, for writable arrays, `fn seg_store_x(i: u32, v: x_t)`. */
export function segmentAccessors({ name, itemsPerPiece, pieces, writable }: Segmented): string {
  const at = (k: number): string => `${piece(name, k)}[i - ${k * itemsPerPiece}u]`;
  const each = (access: (k: number) => string): string[] =>
    Array.from({ length: pieces }, (_, k) =>
      k + 1 < pieces ? `if (i < ${(k + 1) * itemsPerPiece}u) { ${access(k)} }` : access(k),
    );
  return wgsl`fn seg_load_${name}(i: u32) -> ${name}_t {
${each((k) => `return ${at(k)};`)}
}
${
  writable &&
  wgsl`fn seg_store_${name}(i: u32, v: ${name}_t) {
${each((k) => `${at(k)} = v; return;`)}
}`
}`;
}

/** Place behind the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if ('([{'.includes(text[i])) depth++;
    else if (')]}'.includes(text[i]) && --depth === 0) return i + 1;
  }
  throw new TensorError(`kernel: a bracket is not closed in ${text.slice(open, open + 80)}`);
}

/** Place of the semicolon that ends the statement which goes on at `from`. */
function statementEnd(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if ('([{'.includes(text[i])) depth++;
    else if (')]}'.includes(text[i])) depth--;
    else if (text[i] === ';' && depth === 0) return i;
  }
  throw new TensorError(`kernel: a statement is not ended in ${text.slice(from, from + 80)}`);
}

/** `code` with every `name[…]` turned into a call of the accessors. */
export function accessSegments(code: string, { name }: Segmented): string {
  const use = new RegExp(`(?<![\\w.])${name}\\[`, 'g');
  let out = '';
  let from = 0;
  for (let found = use.exec(code); found; found = use.exec(code)) {
    const open = found.index + name.length;
    const close = closing(code, open);
    const index = accessSegments(code.slice(open + 1, close - 1), { name } as Segmented);
    out += code.slice(from, found.index);
    // A component of a vector: `x[i].y` or `x[i][k]`.
    const part = /^(\.[xyzw]\b|\[)/.exec(code.slice(close));
    const partEnd = part ? (part[1] === '[' ? closing(code, close) : close + part[1].length) : close;
    const component = code.slice(close, partEnd);
    const assignment = /^\s*([-+*/|&^%]?)=(?!=)/.exec(code.slice(partEnd));
    if (assignment) {
      const end = statementEnd(code, partEnd);
      const value = accessSegments(code.slice(partEnd + assignment[0].length, end), {
        name,
      } as Segmented).trim();
      const [, operator] = assignment;
      if (component)
        out += `{ let seg_at = ${index}; var seg_v = seg_load_${name}(seg_at); seg_v${component} ${operator}= ${value}; seg_store_${name}(seg_at, seg_v); }`;
      else if (operator)
        out += `{ let seg_at = ${index}; seg_store_${name}(seg_at, seg_load_${name}(seg_at) ${operator} (${value})); }`;
      else out += `seg_store_${name}(${index}, ${value})`;
      from = component || operator ? end + 1 : end;
    } else {
      out += `seg_load_${name}(${index})`;
      from = close;
    }
    use.lastIndex = from;
  }
  return out + code.slice(from);
}
