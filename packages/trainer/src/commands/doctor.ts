// `pnpm run doctor`: which adapter answers, what it can do, what each missing thing costs and how to get it.
import { defineFlags, runCommand } from '@foreword/cli-kit';
import { adapterRemarks, describeAdapter, describeMatrix, openDevice } from '@foreword/tensor/node';

const flags = defineFlags({
  line: { type: 'boolean', describe: 'print only the adapter line' },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

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
        ['subgroup matrices', adapter.subgroupMatrices.map(describeMatrix).join('; ') || 'none'],
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
      for (const remark of adapterRemarks(device)) process.stdout.write(`- ${remark}\n`);
    }
    device.close();
  },
});
