// What the engine knows about an adapter: its name, features with their real sizes, and what kind of machine it is.

export interface AdapterSummary {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  /** 'software' when the "GPU" is a CPU (lavapipe, SwiftShader, WARP): other kernels are fast there. */
  kind: 'software' | 'gpu';
  f16: boolean;
  timestamps: boolean;
  /** Sizes as the adapter states them (4, 8, 32 and 64 are all met); undefined without the feature. */
  subgroups: { min: number; max: number } | undefined;
  /** Subgroup-matrix configurations, as the adapter lists them. */
  subgroupMatrices: string[];
}

/** The subgroup size where it is one fixed number, else 0. Kernels that pass values between lanes need it. */
export const fixedSubgroup = ({ subgroups }: AdapterSummary): number =>
  subgroups && subgroups.min === subgroups.max ? subgroups.min : 0;

const softwareNames = /llvmpipe|lavapipe|swiftshader|warp|software|basic render/i;

/** `features` are those that the device is opened with. */
export function summariseAdapter(adapter: GPUAdapter, features: ReadonlySet<string>): AdapterSummary {
  const info = adapter.info as GPUAdapterInfo & {
    subgroupMatrixConfigs?: Iterable<{
      componentType: string;
      resultComponentType: string;
      M: number;
      N: number;
      K: number;
    }>;
    isFallbackAdapter: boolean;
  };
  const matrices = features.has('chromium-experimental-subgroup-matrix') ? info.subgroupMatrixConfigs : [];
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  const software = softwareNames.test(text) || info.isFallbackAdapter;
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    kind: software ? 'software' : 'gpu',
    f16: features.has('shader-f16'),
    timestamps: features.has('timestamp-query'),
    subgroups: features.has('subgroups')
      ? { min: info.subgroupMinSize, max: info.subgroupMaxSize }
      : undefined,
    subgroupMatrices: [...(matrices ?? [])].map(
      (c) => `${c.componentType}→${c.resultComponentType} ${c.M}×${c.N}×${c.K}`,
    ),
  };
}

/** One line for people: name, kind and features. */
export function describeAdapter(a: AdapterSummary): string {
  const name = a.description || a.device || `${a.vendor} ${a.architecture}`;
  const features = [
    a.f16 ? 'f16' : 'no f16',
    a.subgroups
      ? `subgroups ${a.subgroups.min === a.subgroups.max ? a.subgroups.min : `${a.subgroups.min}–${a.subgroups.max}`}`
      : 'no subgroups',
    a.timestamps ? 'timestamps' : 'no timestamps',
    a.subgroupMatrices.length > 0 ? `${a.subgroupMatrices.length} subgroup-matrix forms` : undefined,
  ].filter(Boolean);
  return `${name} (${a.kind === 'software' ? 'software, runs on the CPU' : 'GPU'}; ${features.join(', ')})`;
}
