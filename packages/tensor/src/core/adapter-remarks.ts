// What an adapter lacks, what that costs with this engine's kernels, and how to get it.
import { fixedSubgroup, type AdapterSummary } from './adapter.ts';

/** What {@link adapterRemarks} looks at; a `Device` is one. */
interface Machine {
  adapter: AdapterSummary;
  /** Largest binding in bytes. */
  bindingLimit: number;
}

const portableBinding = 128 * 2 ** 20;
const newerDriver = "Cure: a newer driver from the GPU's maker";

/** One sentence or two for each missing thing; none for an adapter that has everything. */
export function adapterRemarks({ adapter, bindingLimit }: Machine): string[] {
  const software = adapter.kind === 'software';
  const lines: string[] = [];
  if (software) {
    lines.push(
      'software adapter: everything runs on the CPU, far slower than on a GPU. ' +
        "Cure: a machine with a GPU, and its maker's Vulkan driver.",
    );
  }
  if (!adapter.f16) {
    lines.push(
      'no f16: weights must be loaded as f32 and take twice the memory. ' +
        (software
          ? "Cure: Mesa's lavapipe 25 or newer has it."
          : `${newerDriver}; NVIDIA, AMD, Intel and Apple GPUs of the last years have it.`),
    );
  }
  if (!adapter.subgroups) {
    lines.push(
      software
        ? "no subgroups: products and attention fall back to slower kernels. Cure: Mesa's lavapipe 25 or newer has them."
        : `no subgroups: norms, softmax and losses sum through workgroup memory, in more steps. ${newerDriver}.`,
    );
  }
  if (adapter.subgroupMatrixFaults.length > 0) {
    lines.push(
      `subgroup matrices failed their check and are left out (${adapter.subgroupMatrixFaults.join('; ')}): ` +
        `products use what is left, or plain f32 arithmetic. ${newerDriver}.`,
    );
  } else if (adapter.subgroupMatrices.length === 0 && !software) {
    lines.push(
      'no subgroup matrices: products of f16 use plain f32 arithmetic, at a fraction of the speed. ' +
        'Cure: a GPU with matrix units, and a driver that offers them to Vulkan or Metal.',
    );
  } else if (adapter.subgroups && fixedSubgroup(adapter) === 0 && adapter.subgroupMatrices.length > 0) {
    lines.push(
      'subgroup matrices are not used: they need subgroups of one fixed size. ' +
        'Cure: another adapter; products use plain f32 arithmetic here.',
    );
  }
  if (!adapter.timestamps) {
    lines.push(
      `no timestamps: kernels cannot be timed one by one, only whole steps by the wall clock. ${newerDriver} or browser.`,
    );
  }
  if (bindingLimit <= portableBinding) {
    lines.push(
      `bindings of at most ${Math.round(bindingLimit / 2 ** 20)} MiB: larger tensors, such as GPT-2's embedding in f32, ` +
        'are walked in windows, which takes more kernels. Cure: f16 weights, or another adapter.',
    );
  }
  return lines;
}
