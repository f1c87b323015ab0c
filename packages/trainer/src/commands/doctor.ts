// `pnpm run doctor`: which adapter answers, what it can do, what each missing thing costs and how to get it.
import { defineFlags, runCommand } from '@foreword/cli-kit';
import { describeAdapter, openDevice, type Device } from '@foreword/tensor/node';

const flags = defineFlags({
  line: { type: 'boolean', describe: 'print only the adapter line' },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

function remarks({ adapter, bindingLimit }: Device): string[] {
  const lines: string[] = [];
  if (adapter.kind === 'software') {
    lines.push(
      "software adapter: everything runs on the CPU, some hundred times slower than a GPU. Cure: install the GPU maker's Vulkan driver.",
    );
  }
  if (!adapter.f16)
    lines.push(
      'no f16: weights take twice the memory. Cure: a newer driver; NVIDIA, AMD, Intel and Apple GPUs of the last years have it.',
    );
  if (!adapter.subgroups)
    lines.push(
      'no subgroups: sums go through workgroup memory, some 10 % slower. Cure: a newer driver or browser.',
    );
  if (adapter.subgroupMatrices.length === 0)
    lines.push(
      'no subgroup matrices: products run on the ordinary units. Cure: a GPU with matrix units and a driver that offers them.',
    );
  if (!adapter.timestamps)
    lines.push('no timestamps: profiles show wall-clock times only. Cure: a newer driver.');
  if (bindingLimit < 256 * 2 ** 20) {
    lines.push(
      `bindings of at most ${mebibytes(bindingLimit)}: larger tensors are walked in windows, which works but takes more kernels. No cure on this adapter.`,
    );
  }
  return lines;
}

await runCommand({
  name: 'pnpm run doctor',
  summary: 'Says which WebGPU adapter answers, what it offers and what is missing.',
  flags,
  async run({ values }) {
    const device = await openDevice({ adapter: values.adapter });
    const { adapter, gpu } = device;
    const line = `adapter: ${describeAdapter(adapter)}`;
    if (values.line) process.stdout.write(`${line}\n`);
    else {
      const { limits } = gpu;
      const rows: [string, string][] = [
        ['vendor', adapter.vendor],
        ['device', adapter.device],
        ['driver', adapter.description],
        ['features', [...gpu.features].sort().join(', ')],
        ['subgroup matrices', adapter.subgroupMatrices.join('; ') || 'none'],
        ['largest buffer', mebibytes(limits.maxBufferSize)],
        ['largest binding', mebibytes(limits.maxStorageBufferBindingSize)],
        ['invocations per workgroup', String(limits.maxComputeInvocationsPerWorkgroup)],
        ['workgroup memory', `${limits.maxComputeWorkgroupStorageSize / 1024} KiB`],
        ['node', process.version],
      ];
      const width = Math.max(...rows.map(([name]) => name.length));
      process.stdout.write(
        `${line}\n${rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n')}\n`,
      );
      for (const remark of remarks(device)) process.stdout.write(`- ${remark}\n`);
    }
    device.close();
  },
});
