// What test files import: suites with time limits, closeness assertions, golden weights and the GPU-error hook.
export { allClose, findWorst } from './all-close.ts';
export type { CloseOptions, Closeness } from './all-close.ts';
export { failOnGpuErrors } from './fail-on-gpu-errors.ts';
export type { GpuErrorSource } from './fail-on-gpu-errors.ts';
export { fnv1a32, goldenTensor, goldenTensors } from './golden-weights.ts';
export type { GoldenRule } from './golden-weights.ts';
export { HubSandbox } from './hub-sandbox.ts';
export { commitOf, gitSha1Of, HubServer, noise, sha256Of } from './hub-server.ts';
export type { Fault, Repository, SeenRequest, ServedFile } from './hub-server.ts';
export { mutateBytes, mutateJson, randomFrom } from './mutate.ts';
export { relativeError } from './relative-error.ts';
export { shellExitCode } from './shell-exit-code.ts';
export { suite } from './suite.ts';
export type { Suite, SuiteOptions, TestHandler } from './suite.ts';
export { withTimeLimit, TimeLimitError } from './time-limit.ts';
