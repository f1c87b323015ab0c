// What the engine knows about an adapter: its name, features with their real sizes, and what kind of machine it is.

/** Sums [M, N] += left [M, K] · right [K, N] that a subgroup makes in one operation. */
export interface SubgroupMatrix {
  /** Type of the factors' elements, such as f16. */
  component: string;
  /** Type of the sums. */
  result: string;
  M: number;
  N: number;
  K: number;
}

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
  /** Subgroup-matrix configurations that the adapter lists, less those found wrong when the device was opened. */
  subgroupMatrices: SubgroupMatrix[];
  /** What was wrong with the configurations left out. */
  subgroupMatrixFaults: string[];
  /** Workgroup memory. */
  workgroupBytes: number;
}

/** The subgroup size where it is one fixed number, else 0. Kernels that pass values between lanes need it. */
export const fixedSubgroup = ({ subgroups }: AdapterSummary): number =>
  subgroups && subgroups.min === subgroups.max ? subgroups.min : 0;

/** Every WebGPU adapter has as much. */
const leastWorkgroupBytes = 16_384;

/** A configuration for people: `f16→f32 16×16×16`. */
export const describeMatrix = ({ component, result, M, N, K }: SubgroupMatrix): string =>
  `${component}→${result} ${M}×${N}×${K}`;

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
      ({ componentType: component, resultComponentType: result, M, N, K }) => ({
        component,
        result,
        M,
        N,
        K,
      }),
    ),
    subgroupMatrixFaults: [],
    workgroupBytes: adapter.limits.maxComputeWorkgroupStorageSize ?? leastWorkgroupBytes,
  };
}

/** One line for people: name, kind and features. */
export function describeAdapter(a: AdapterSummary): string {
  // Firefox tells nothing.
  const name =
    a.description || a.device || `${a.vendor} ${a.architecture}`.trim() || 'adapter without a name';
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
