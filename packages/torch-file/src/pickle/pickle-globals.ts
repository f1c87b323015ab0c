// The classes and functions a torch file may name, and what stands for each here. Nothing else is ever looked up.
import { storageDtypes, type TorchDtype } from '../torch-dtypes.ts';
import type { Fail } from '../torch-file-error.ts';
import { torchTensor, TorchTensor } from '../torch-tensor.ts';
import { describe, PickledBytes, TorchScriptObject } from './pickled-value.ts';

type Call = (args: readonly unknown[], fail: Fail) => unknown;

/** Stands for a class or function that a pickle names. */
export class PickleGlobal {
  readonly name: string;
  /** what REDUCE gives */
  readonly call?: Call;
  /** of a storage class */
  readonly storageDtype?: TorchDtype;
  /** what NEWOBJ gives */
  readonly create?: () => TorchScriptObject;

  constructor(name: string, does: Pick<PickleGlobal, 'call' | 'storageDtype' | 'create'>) {
    this.name = name;
    this.call = does.call;
    this.storageDtype = does.storageDtype;
    this.create = does.create;
  }

  get inWords(): string {
    return `the class ${this.name}`;
  }
}

/** The Maps that are OrderedDicts, whose BUILD carries `_metadata`. */
export const orderedDicts = new WeakSet<object>();

const functions: Record<string, Call> = {
  'collections.OrderedDict': (args, fail) => {
    if (args.length > 0) return fail('an OrderedDict is made with arguments; only an empty one is read');
    const dict = new Map<unknown, unknown>();
    orderedDicts.add(dict);
    return dict;
  },
  // Its default, a class such as int, is not kept.
  'collections.defaultdict': (args, fail) =>
    args.length <= 1 && (args[0] === undefined || args[0] instanceof PickleGlobal)
      ? new Map<unknown, unknown>()
      : fail('a defaultdict is made with more than a default'),
  'torch._utils._rebuild_tensor_v2': torchTensor,
  'torch._utils._rebuild_parameter': (args, fail) =>
    args.length === 3 && args[0] instanceof TorchTensor
      ? args[0]
      : fail('a parameter is not rebuilt from (tensor, requires_grad, hooks)'),
  'torch.Size': (args, fail) =>
    args.length === 1 && Array.isArray(args[0])
      ? Object.freeze([...(args[0] as unknown[])])
      : fail('a torch.Size is not made from one tuple'),
  'torch.device': (args, fail) =>
    typeof args[0] === 'string' && args.length <= 2 && args.slice(1).every(Number.isSafeInteger)
      ? args.join(':')
      : fail('a torch.device is not made from a type and an index'),
};

// TorchScript's writer wraps lists in these, to keep the type of empty ones.
for (const kind of ['intlist', 'tensorlist', 'doublelist', 'boollist']) {
  functions[`torch.jit._pickle.build_${kind}`] = (args, fail) =>
    args.length === 1 && Array.isArray(args[0])
      ? args[0]
      : fail(`build_${kind} is given ${args.map(describe).join(', ') || 'nothing'}, not one list`);
}

const globals = new Map<string, PickleGlobal>();
for (const [name, call] of Object.entries(functions)) globals.set(name, new PickleGlobal(name, { call }));
for (const [name, storageDtype] of Object.entries(storageDtypes))
  globals.set(`torch.${name}`, new PickleGlobal(`torch.${name}`, { storageDtype }));
// Torch itself takes the elements of an untyped storage for bytes.
globals.set(
  'torch.storage.UntypedStorage',
  new PickleGlobal('torch.storage.UntypedStorage', { storageDtype: 'U8' }),
);

// Defaults of defaultdicts, in Python 2 and 3.
for (const module of ['__builtin__', 'builtins'])
  for (const name of ['int', 'float'])
    globals.set(`${module}.${name}`, new PickleGlobal(`${module}.${name}`, {}));

/** What a pickle may name besides the globals of every torch file. */
export interface PickleScope {
  /** modules of a TorchScript archive, `__torch__.…` */
  scriptClasses?: boolean;
  /** `torch.storage._load_from_bytes`, the tensors of an ordinary pickle */
  loadFromBytes?: (bytes: PickledBytes, fail: Fail) => unknown;
}

/**
 * The stand-in of `module.name`.
 * @throws {TorchFileError} through `fail` for every other name
 */
export function findGlobal(
  { module, name }: { module: string; name: string },
  { scriptClasses = false, loadFromBytes }: PickleScope,
  fail: Fail,
): PickleGlobal {
  const full = `${module}.${name}`;
  const known = globals.get(full);
  // A dot in the wrong half would be another lookup in Python.
  if (known && !name.includes('.')) return known;
  if (scriptClasses && /^__torch__(\.|$)/.test(module))
    return new PickleGlobal(full, { create: () => new TorchScriptObject(full) });
  if (loadFromBytes && full === 'torch.storage._load_from_bytes') {
    const call: Call = ([bytes, ...rest], fail) =>
      bytes instanceof PickledBytes && rest.length === 0
        ? loadFromBytes(bytes, fail)
        : fail('_load_from_bytes is not given one bytes value');
    return new PickleGlobal(full, { call });
  }
  return fail(
    `names ${JSON.stringify(full)}, which is none of the classes that torch's tensor files need. Nothing of a file is ever ` +
      'executed, so it is refused; if you trust it, open it with torch and save its state_dict() again',
  );
}
