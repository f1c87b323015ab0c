// Errors of this package.
import { TensorError } from '@foreword/tensor';

/** A module, layer or initial value that was asked for something it cannot do. */
export class ModuleError extends TensorError {
  override name = 'ModuleError';
}
