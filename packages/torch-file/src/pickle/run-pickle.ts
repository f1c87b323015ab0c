// Runs a pickle's instructions, one after the other, until STOP.
import { instructionName, instructions } from './instructions.ts';
import { PickleMachine, type PickleContext } from './pickle-machine.ts';
import type { PickleInput } from './pickle-input.ts';

const PROTO = 0x80;

/** Longest instruction without its text or bytes. */
const MAX_FIXED_BYTES = 9;

/**
 * Reads the pickle at the input's position and leaves the position behind it.
 * @returns a value that `assertPlain` has not seen yet: it may have cycles
 * @throws {TorchFileError} for an unknown instruction or global, for what does not fit together, and at the file's end
 */
export async function runPickle(input: PickleInput, context: PickleContext): Promise<unknown> {
  const machine = new PickleMachine(input, context);
  for (let first = true; !machine.done; first = false) {
    input.instruction = input.position;
    if (!input.has(MAX_FIXED_BYTES)) {
      await input.fill(MAX_FIXED_BYTES);
    }
    const opcode = input.u8();
    if (first && opcode !== PROTO && !context.mayBeOld)
      machine.fail('the pickle does not begin with its protocol; it is damaged');
    const instruction = instructions[opcode];
    if (instruction === undefined) {
      return machine.fail(
        `the instruction ${instructionName(opcode)} is not among those that torch's tensor files need; ` +
          'the file is damaged or holds other things than tensors and plain data',
      );
    }
    const pending = instruction(machine);
    if (pending !== undefined) await pending;
  }
  return machine.result();
}
