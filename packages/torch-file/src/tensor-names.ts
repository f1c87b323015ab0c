// Names for the tensors of a nested value: the keys on the way to each, joined by dots, as state dicts have them.
import type { PickledValue } from './pickle/pickled-value.ts';
import { TorchScriptObject } from './pickle/pickled-value.ts';
import type { Fail } from './torch-file-error.ts';
import { TorchTensor } from './torch-tensor.ts';

/** The name of a tensor that is the whole file. */
export const LONE_TENSOR = 'tensor';

/**
 * Every tensor in dicts, lists and TorchScript modules, in the order of the file. Shared modules have each of their names.
 * @param options.pickleBytes length of the pickle: names with many times as many letters are no state dict's
 * @throws {TorchFileError} through `fail` when two tensors have one name, or sharing makes absurdly many
 */
export function nameTensors(
  root: PickledValue,
  { pickleBytes, fail }: { pickleBytes: number; fail: Fail },
): Map<string, TorchTensor> {
  const named = new Map<string, TorchTensor>();
  // Dicts that share parts can stand for exponentially many names.
  let lettersLeft = 2 ** 20 + 16 * pickleBytes;
  const spend = (letters: number): void => {
    lettersLeft -= letters;
    if (lettersLeft < 0)
      fail(
        'its dicts share so many parts that their tensors have absurdly many names; the file is made to deceive',
      );
  };
  const visit = (value: PickledValue, name: string): void => {
    if (value instanceof TorchTensor) {
      spend(name.length);
      if (named.has(name))
        fail(`tensor "${name}": two tensors have this name when the keys are joined by dots`);
      named.set(name, value);
      return;
    }
    const entries = entriesOf(value);
    if (entries === undefined) return;
    spend(name.length + entries.size);
    for (const [key, child] of entries.items)
      if (typeof child === 'object' && child !== null)
        visit(child, name === '' ? String(key) : `${name}.${String(key)}`);
  };
  visit(root, root instanceof TorchTensor ? LONE_TENSOR : '');
  return named;
}

interface Entries {
  size: number;
  items: Iterable<[unknown, PickledValue]>;
}

function entriesOf(value: PickledValue): Entries | undefined {
  if (Array.isArray(value)) return { size: value.length, items: value.entries() };
  const dict = value instanceof TorchScriptObject ? value.attributes : value;
  return dict instanceof Map ? { size: dict.size, items: dict as Map<unknown, PickledValue> } : undefined;
}
